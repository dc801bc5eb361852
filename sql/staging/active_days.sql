-- On which days had each person any contact?
--
-- Grain:   month, person_id, active_date
-- Check:   number_in_month between 1 and 31
-- Version: 1

with sides as (
    select
        pair_days.month,
        pair_days.first_id as person_id,
        pair_days.contact_date
    from staging.pair_days
    join staging.wanted_months on wanted_months.month = pair_days.month
    union all
    select
        pair_days.month,
        pair_days.second_id as person_id,
        pair_days.contact_date
    from staging.pair_days
    join staging.wanted_months on wanted_months.month = pair_days.month
),

days as (
    select distinct
        sides.month,
        sides.person_id,
        sides.contact_date as active_date
    from sides
)

select
    days.month,  -- month of the day
    days.person_id,  -- the person
    days.active_date,  -- a day with contact in either direction, UTC
    row_number() over (
        partition by days.month, days.person_id
        order by days.active_date
    ) as number_in_month  -- 1 for the person's first active day of the month
from days
