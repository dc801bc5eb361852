-- To which fading, lapsed and dormant ties did each person begin a thread, month by month?
--
-- Grain:   month, person_id, contact_id
-- Check:   state_before in ('fading', 'lapsed', 'dormant')
-- Source:  kith's own
-- Caveat:  the state is that of the end of the month before; a tie that had no row then is in the
--          state of its last one
-- Version: 1

with begun as (
    select distinct
        contact_days.month,
        contact_days.from_person_id as person_id,
        contact_days.to_person_id as contact_id,
        cast(date_trunc('month', contact_days.month - 1) as date) as month_before
    from staging.contact_days
    join staging.wanted_months on wanted_months.month = contact_days.month
    where
        contact_days.channel = 'mail_to'
        and contact_days.thread_start_count > 0
),

standing as (
    select
        begun.month,
        begun.person_id,
        begun.contact_id,
        begun.month_before,
        tie_strength.state
    from begun
    left join metrics.tie_strength
        on tie_strength.month = begun.month_before
        and tie_strength.person_id = begun.person_id
        and tie_strength.contact_id = begun.contact_id
),

fallen as (
    select
        standing.month,
        standing.person_id,
        standing.contact_id,
        tie_strength.state,
        row_number() over (
            partition by standing.month, standing.person_id, standing.contact_id
            order by tie_strength.month desc
        ) as place
    from standing
    join metrics.tie_strength
        on tie_strength.person_id = standing.person_id
        and tie_strength.contact_id = standing.contact_id
        and tie_strength.month < standing.month_before
    where standing.state is null
),

called as (
    select
        standing.month,
        standing.person_id,
        standing.contact_id,
        standing.state
    from standing
    where standing.state is not null
    union all
    select
        fallen.month,
        fallen.person_id,
        fallen.contact_id,
        fallen.state
    from fallen
    where fallen.place = 1
)

select
    called.month,  -- the month
    called.person_id,  -- who wrote
    called.contact_id,  -- to whom
    called.state as state_before  -- fading, lapsed, dormant: the tie at the end of the month before
from called
where called.state in ('fading', 'lapsed', 'dormant')
