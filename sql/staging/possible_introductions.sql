-- Which two strong contacts of a mailbox owner have never been in contact with each other?
--
-- Grain:   month, person_id, contact_id, second_id
-- Check:   contact_id <> second_id
-- Check:   second_strength <= strength
-- Source:  METRICS.md 6: two strong ties in different communities without visible contact
-- Caveat:  only where the mailbox of one of the two is settled: else nobody can say that there was no
--          contact between them
-- Caveat:  no more than opening_limit of each person, those whose weaker tie is strongest, and no more
--          than two with the same contact
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

-- Nobody is named more than twice: once as the one with the stronger tie, with the best other, and once
-- as the other, with the strongest of those for whom that is the best.
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
        pairs.second_last_contact_at,
        row_number() over (
            partition by pairs.month, pairs.person_id, pairs.contact_id
            order by pairs.second_strength desc, pairs.second_id
        ) as place
    from pairs
    left join met
        on met.low_id = pairs.low_id
        and met.high_id = pairs.high_id
        and met.month <= pairs.month
    where met.low_id is null
),

best as (
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
            partition by apart.month, apart.person_id, apart.second_id
            order by apart.strength desc, apart.contact_id
        ) as place
    from apart
    where apart.place = 1
),

ordered as (
    select
        best.month,
        best.person_id,
        best.contact_id,
        best.second_id,
        best.strength,
        best.second_strength,
        best.contact_day_count,
        best.second_contact_day_count,
        best.last_contact_at,
        best.second_last_contact_at,
        row_number() over (
            partition by best.month, best.person_id
            order by best.second_strength desc, best.contact_id, best.second_id
        ) as place
    from best
    where best.place = 1
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
