-- Which days lie in the window that ends with each month?
--
-- Grain:   month, window_date
-- Check:   window_date is not null
-- Caveat:  a join on a day is quick where one on a span of days is not
-- Version: 1

with days as (
    select
        wanted_months.month,
        wanted_months.window_start_date,
        unnest(range(0, parameters.window_days)) as offset_days
    from staging.wanted_months
    cross join staging.parameters
)

select
    days.month,  -- month whose end the window ends with
    days.window_start_date + cast(days.offset_days as integer) as window_date  -- a day of it, UTC
from days
