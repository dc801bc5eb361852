-- How many active days has each person had by the end of each month?
--
-- Grain:   month, person_id
-- Check:   active_day_count >= 1
-- Check:   active_day_count_before <= active_day_count
-- Caveat:  a person has a row in every month from their first contact on
-- Version: 1

with last_wanted as (
    select max(wanted_months.month) as month
    from staging.wanted_months
),

counted as (
    select
        active_days.month,
        active_days.person_id,
        active_days.day_count
    from staging.active_days
    join last_wanted on active_days.month <= last_wanted.month
),

totals as (
    select
        counted.month,
        counted.person_id,
        counted.day_count,
        sum(counted.day_count) over so_far as total_count,
        year(counted.month) * 12 + month(counted.month) as from_number,
        coalesce(
            lead(year(counted.month) * 12 + month(counted.month)) over so_far,
            year(last_wanted.month) * 12 + month(last_wanted.month) + 1
        ) as until_number
    from counted
    cross join last_wanted
    window so_far as (partition by counted.person_id order by counted.month)
),

spread as (
    select
        totals.person_id,
        totals.day_count,
        totals.total_count,
        totals.from_number,
        unnest(range(totals.from_number, totals.until_number)) as month_number
    from totals
)

select
    wanted_months.month,  -- the month
    spread.person_id,  -- the person
    cast(spread.total_count as bigint) as active_day_count,  -- active days before as_of; days
    cast(
        case
            when spread.month_number = spread.from_number then spread.total_count - spread.day_count
            else spread.total_count
        end as bigint
    ) as active_day_count_before  -- active days before the month; days
from spread
join staging.wanted_months
    on year(wanted_months.month) * 12 + month(wanted_months.month) = spread.month_number
