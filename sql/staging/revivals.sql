-- To which fading, lapsed and dormant ties did each person begin a thread, month by month?
--
-- Grain:   month, person_id, contact_id
-- Check:   state_before in ('fading', 'lapsed', 'dormant')
-- Source:  kith's own
-- Caveat:  the state is that of the end of the month before; one without a row then is judged by its
--          last contact
-- Version: 1

with begun as (
    select distinct
        contact_days.month,
        contact_days.from_person_id as person_id,
        contact_days.to_person_id as contact_id,
        least(contact_days.from_person_id, contact_days.to_person_id) as first_id,
        greatest(contact_days.from_person_id, contact_days.to_person_id) as second_id,
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
        begun.first_id,
        begun.second_id,
        begun.month_before,
        tie_strength.state
    from begun
    left join metrics.tie_strength
        on tie_strength.month = begun.month_before
        and tie_strength.person_id = begun.person_id
        and tie_strength.contact_id = begun.contact_id
),

-- A tie without a row is out of the window and too weak to be seen: it is in one of these states.
fallen as (
    select
        standing.month,
        standing.person_id,
        standing.contact_id,
        case
            when
                date_diff('day', max(pair_histories.last_contact_date), standing.month)
                >= parameters.dormant_days
                then 'dormant'
            when max(pair_histories.mutual_date) is null then 'one_way'
            else 'lapsed'
        end as state
    from standing
    join staging.pair_histories
        on pair_histories.first_id = standing.first_id
        and pair_histories.second_id = standing.second_id
        and pair_histories.month <= standing.month_before
    cross join staging.parameters
    where standing.state is null
    group by standing.month, standing.person_id, standing.contact_id, parameters.dormant_days
),

called as (
    select
        standing.month,
        standing.person_id,
        standing.contact_id,
        standing.state
    from standing
    union all
    select
        fallen.month,
        fallen.person_id,
        fallen.contact_id,
        fallen.state
    from fallen
)

select
    called.month,  -- the month
    called.person_id,  -- who wrote
    called.contact_id,  -- to whom
    called.state as state_before  -- fading, lapsed, dormant: the tie at the end of the month before
from called
where called.state in ('fading', 'lapsed', 'dormant')
