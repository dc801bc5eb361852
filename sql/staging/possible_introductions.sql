-- Which two strong contacts of a mailbox owner have never been in contact with each other?
--
-- Grain:   month, person_id, contact_id, second_id
-- Check:   contact_id <> second_id
-- Check:   second_strength <= strength
-- Source:  METRICS.md 6: two strong ties in different communities without visible contact
-- Caveat:  only where the mailbox of one of the two is settled: else nobody can say that there was no
--          contact between them
-- Caveat:  no more than opening_limit of each person, those whose weaker tie is strongest, and no more
--          than introduction_limit with the same contact
-- Version: 2

with last_wanted as (
    select max(wanted_months.month) as month
    from staging.wanted_months
),

placed as (
    select
        strong_ties.month,
        strong_ties.person_id,
        strong_ties.contact_id,
        strong_ties.strength,
        strong_ties.place,
        strong_ties.contact_day_count,
        strong_ties.last_contact_at,
        lasting_communities.community_id,
        wanted_months.as_of,
        owners.settled_at
    from staging.strong_ties
    join staging.wanted_months on wanted_months.month = strong_ties.month
    join staging.lasting_communities
        on lasting_communities.month = strong_ties.month
        and lasting_communities.person_id = strong_ties.contact_id
    left join staging.owners on owners.person_id = strong_ties.contact_id
),

pairs as (
    select
        ones.month,
        ones.person_id,
        ones.contact_id,
        others.contact_id as second_id,
        ones.strength,
        others.strength as second_strength,
        ones.contact_day_count,
        others.contact_day_count as second_contact_day_count,
        ones.last_contact_at,
        others.last_contact_at as second_last_contact_at,
        least(ones.contact_id, others.contact_id) as low_id,
        greatest(ones.contact_id, others.contact_id) as high_id
    from placed as ones
    join placed as others
        on others.month = ones.month
        and others.person_id = ones.person_id
        and others.place > ones.place
        and others.community_id <> ones.community_id
    where least(ones.settled_at, others.settled_at) <= ones.as_of
),

candidates as (
    select distinct
        pairs.low_id,
        pairs.high_id
    from pairs
),

met as (
    select
        candidates.low_id,
        candidates.high_id,
        min(pair_months.month) as month
    from candidates
    join staging.pair_months
        on pair_months.first_id = candidates.low_id
        and pair_months.second_id = candidates.high_id
    join last_wanted on pair_months.month <= last_wanted.month
    group by all
),

apart as (
    select
        pairs.month,
        pairs.person_id,
        pairs.contact_id,
        pairs.second_id,
        pairs.strength,
        pairs.second_strength,
        pairs.contact_day_count,
        pairs.second_contact_day_count,
        pairs.last_contact_at,
        pairs.second_last_contact_at
    from pairs
    left join met
        on met.low_id = pairs.low_id
        and met.high_id = pairs.high_id
        and met.month <= pairs.month
    where met.low_id is null
),

apart_ends as (
    select
        apart.month,
        apart.person_id,
        apart.contact_id,
        apart.second_id,
        apart.second_strength,
        apart.contact_id as end_id
    from apart
    union all
    select
        apart.month,
        apart.person_id,
        apart.contact_id,
        apart.second_id,
        apart.second_strength,
        apart.second_id as end_id
    from apart
),

-- First the pairs that are among the best of both.
first_places as (
    select
        apart_ends.month,
        apart_ends.person_id,
        apart_ends.contact_id,
        apart_ends.second_id,
        apart_ends.end_id,
        row_number() over (
            partition by apart_ends.month, apart_ends.person_id, apart_ends.end_id
            order by apart_ends.second_strength desc, apart_ends.contact_id, apart_ends.second_id
        ) as place
    from apart_ends
),

first_chosen as (
    select
        first_places.month,
        first_places.person_id,
        first_places.contact_id,
        first_places.second_id
    from first_places
    cross join staging.parameters
    group by
        first_places.month, first_places.person_id, first_places.contact_id, first_places.second_id
    having max(first_places.place) <= min(parameters.introduction_limit)
),

named as (
    select
        first_places.month,
        first_places.person_id,
        first_places.end_id,
        count(*) as named_count
    from first_places
    join first_chosen
        on first_chosen.month = first_places.month
        and first_chosen.person_id = first_places.person_id
        and first_chosen.contact_id = first_places.contact_id
        and first_chosen.second_id = first_places.second_id
    group by first_places.month, first_places.person_id, first_places.end_id
),

-- Then, of those who are not named often enough yet, again the pairs that are best for both.
remaining as (
    select
        apart.month,
        apart.person_id,
        apart.contact_id,
        apart.second_id,
        apart.second_strength,
        coalesce(ones.named_count, 0) as named_count,
        coalesce(others.named_count, 0) as second_named_count
    from apart
    left join first_chosen
        on first_chosen.month = apart.month
        and first_chosen.person_id = apart.person_id
        and first_chosen.contact_id = apart.contact_id
        and first_chosen.second_id = apart.second_id
    left join named as ones
        on ones.month = apart.month
        and ones.person_id = apart.person_id
        and ones.end_id = apart.contact_id
    left join named as others
        on others.month = apart.month
        and others.person_id = apart.person_id
        and others.end_id = apart.second_id
    cross join staging.parameters
    where
        first_chosen.month is null
        and coalesce(ones.named_count, 0) < parameters.introduction_limit
        and coalesce(others.named_count, 0) < parameters.introduction_limit
),

remaining_ends as (
    select
        remaining.month,
        remaining.person_id,
        remaining.contact_id,
        remaining.second_id,
        remaining.second_strength,
        remaining.contact_id as end_id,
        remaining.named_count
    from remaining
    union all
    select
        remaining.month,
        remaining.person_id,
        remaining.contact_id,
        remaining.second_id,
        remaining.second_strength,
        remaining.second_id as end_id,
        remaining.second_named_count as named_count
    from remaining
),

second_places as (
    select
        remaining_ends.month,
        remaining_ends.person_id,
        remaining_ends.contact_id,
        remaining_ends.second_id,
        remaining_ends.named_count
        + row_number() over (
            partition by remaining_ends.month, remaining_ends.person_id, remaining_ends.end_id
            order by
                remaining_ends.second_strength desc,
                remaining_ends.contact_id,
                remaining_ends.second_id
        ) as place
    from remaining_ends
),

chosen as (
    select
        first_chosen.month,
        first_chosen.person_id,
        first_chosen.contact_id,
        first_chosen.second_id
    from first_chosen
    union all
    select
        second_places.month,
        second_places.person_id,
        second_places.contact_id,
        second_places.second_id
    from second_places
    cross join staging.parameters
    group by
        second_places.month,
        second_places.person_id,
        second_places.contact_id,
        second_places.second_id
    having max(second_places.place) <= min(parameters.introduction_limit)
),

ordered as (
    select
        apart.month,
        apart.person_id,
        apart.contact_id,
        apart.second_id,
        apart.strength,
        apart.second_strength,
        apart.contact_day_count,
        apart.second_contact_day_count,
        apart.last_contact_at,
        apart.second_last_contact_at,
        row_number() over (
            partition by apart.month, apart.person_id
            order by apart.second_strength desc, apart.contact_id, apart.second_id
        ) as place
    from apart
    join chosen
        on chosen.month = apart.month
        and chosen.person_id = apart.person_id
        and chosen.contact_id = apart.contact_id
        and chosen.second_id = apart.second_id
)

select
    ordered.month,  -- the month
    ordered.person_id,  -- who could introduce them; their mailbox is read
    ordered.contact_id,  -- the one of the two with the stronger tie to the person
    ordered.second_id,  -- the other
    ordered.strength,  -- strength of the person's tie with the one
    ordered.second_strength,  -- strength of the person's tie with the other
    ordered.contact_day_count,  -- days with contact with the one in the window; days
    ordered.second_contact_day_count,  -- days with contact with the other in the window; days
    ordered.last_contact_at,  -- last contact with the one; UTC
    ordered.second_last_contact_at  -- last contact with the other; UTC
from ordered
cross join staging.parameters
where ordered.place <= parameters.opening_limit
