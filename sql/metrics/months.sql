-- Which months are there, and up to when does each of them know?
--
-- Grain:   month
-- Check:   as_of is not null
-- Check:   quarter between 1 and 4
-- Warn:    has rows
-- Caveat:  no number of a month knows of anything from as_of on
-- Version: 1
--
-- Topic:   Who, and when?

select
    months.month,  -- the month, as its first day; the key that monthly tables join on; date, UTC
    months.as_of,  -- the instant that the month's numbers describe; UTC
    months.window_start_date,  -- first day of the window that ends at as_of; UTC
    months.is_complete,  -- false for the running month
    months.month as first_day,  -- the same day under the name that BI tools look for; date, UTC
    year(months.month) as year,  -- the year
    (month(months.month) + 2) // 3 as quarter  -- quarter of the year; 1 to 4
from staging.months
