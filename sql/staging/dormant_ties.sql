-- Which strong ties of each mailbox owner have been dormant, and what is shared with them today?
--
-- Grain:   month, person_id, contact_id
-- Check:   silent_days >= 1
-- Check:   strength > 0
-- Check:   shared_contact_count >= 0
-- Check:   overlap between 0 and 1
-- Source:  dormant ties: Levin, Walter & Murnighan 2011, Organization Science 22:923; overlap: Onnela
--          et al. 2007, PNAS 104:7332
-- Caveat:  strong once is strong at the end of any month; no more than sympathy_layer_size of each
--          person, the strongest then
-- Version: 1

with bounds as (
    select
        max(wanted_months.month) as month,
        max(wanted_months.as_of_date) as as_of_date
    from staging.wanted_months
),

-- Pairs with contact so long ago; most belong to nobody whose mailbox is read.
old as (
    select distinct
        pair_histories.first_id,
        pair_histories.second_id
    from staging.pair_histories
    cross join bounds
    cross join staging.parameters
    where
        pair_histories.month < bounds.month
        and pair_histories.last_contact_date
        <= bounds.as_of_date - cast(parameters.dormant_days as integer)
        and (
            pair_histories.first_id in (
                select owners.person_id
                from staging.owners
            )
            or pair_histories.second_id in (
                select owners.person_id
                from staging.owners
            )
        )
),

histories as (
    select
        pair_histories.first_id,
        pair_histories.second_id,
        pair_histories.month,
        pair_histories.last_contact_at,
        pair_histories.last_contact_date,
        pair_histories.contact_day_count,
        lead(pair_histories.month) over so_far as next_month,
        max(pair_histories.strength) over so_far as strength
    from staging.pair_histories
    join bounds on pair_histories.month <= bounds.month
    join old
        on old.first_id = pair_histories.first_id
        and old.second_id = pair_histories.second_id
    window so_far as (
        partition by pair_histories.first_id, pair_histories.second_id
        order by pair_histories.month
    )
),

silences as (
    select
        wanted_months.month,
        wanted_months.as_of,
        wanted_months.as_of_date,
        histories.first_id,
        histories.second_id,
        histories.strength,
        histories.contact_day_count,
        histories.last_contact_at,
        date_diff('day', histories.last_contact_date, wanted_months.as_of_date) as silent_days
    from histories
    cross join staging.parameters
    join staging.wanted_months
        on wanted_months.month >= histories.month
        and (histories.next_month is null or wanted_months.month < histories.next_month)
        and wanted_months.as_of_date
        >= histories.last_contact_date + cast(parameters.dormant_days as integer)
    where histories.strength >= parameters.strong_strength
),

sides as (
    select
        silences.month,
        silences.as_of,
        silences.first_id as person_id,
        silences.second_id as contact_id,
        silences.strength,
        silences.contact_day_count,
        silences.last_contact_at,
        silences.silent_days
    from silences
    union all
    select
        silences.month,
        silences.as_of,
        silences.second_id as person_id,
        silences.first_id as contact_id,
        silences.strength,
        silences.contact_day_count,
        silences.last_contact_at,
        silences.silent_days
    from silences
),

placed as (
    select
        sides.month,
        sides.person_id,
        sides.contact_id,
        sides.strength,
        sides.contact_day_count,
        sides.last_contact_at,
        sides.silent_days,
        row_number() over (
            partition by sides.month, sides.person_id
            order by sides.strength desc, sides.contact_id
        ) as place
    from sides
    join staging.owners
        on owners.person_id = sides.person_id
        and owners.first_covered_at < sides.as_of
),

strongest as (
    select
        placed.month,
        placed.person_id,
        placed.contact_id,
        placed.strength,
        placed.contact_day_count,
        placed.last_contact_at,
        placed.silent_days
    from placed
    cross join staging.parameters
    where placed.place <= parameters.sympathy_layer_size
),

shared as (
    select
        strongest.month,
        strongest.person_id,
        strongest.contact_id,
        count(*) as shared_contact_count
    from strongest
    join staging.wanted_months on wanted_months.month = strongest.month
    join staging.edges as theirs
        on theirs.month = wanted_months.month
        and theirs.person_id = strongest.contact_id
    join staging.edges as own
        on own.month = strongest.month
        and own.person_id = strongest.person_id
        and own.contact_id = theirs.contact_id
    group by all
),

compared as (
    select
        strongest.month,
        strongest.person_id,
        strongest.contact_id,
        strongest.strength,
        strongest.contact_day_count,
        strongest.last_contact_at,
        strongest.silent_days,
        coalesce(shared.shared_contact_count, 0) as shared_contact_count,
        coalesce(own.degree, 0) + coalesce(theirs.degree, 0)
        - coalesce(shared.shared_contact_count, 0) as contact_count
    from strongest
    left join shared
        on shared.month = strongest.month
        and shared.person_id = strongest.person_id
        and shared.contact_id = strongest.contact_id
    left join staging.network_sizes as own
        on own.month = strongest.month
        and own.person_id = strongest.person_id
    left join staging.network_sizes as theirs
        on theirs.month = strongest.month
        and theirs.person_id = strongest.contact_id
)

select
    compared.month,  -- the month
    compared.person_id,  -- somebody whose mailbox is read
    compared.contact_id,  -- with whom there has been no contact for dormant_days or longer
    compared.strength,  -- greatest strength at the end of a month with contact
    compared.contact_day_count,  -- days with contact before; days
    compared.last_contact_at,  -- last contact; UTC
    compared.silent_days,  -- days since; days
    compared.shared_contact_count,  -- contacts of both in the network of the month; people
    compared.contact_count,  -- contacts of either in it; people
    coalesce(
        cast(compared.shared_contact_count as double) / nullif(compared.contact_count, 0), 0
    ) as overlap  -- shared_contact_count over contact_count; 0 where neither has any; 0 to 1
from compared
