-- Which months are there, and up to when does each of them know?
--
-- Grain:   month
-- Check:   as_of is not null
-- Caveat:  no number of a month knows of anything from as_of on
-- Version: 1
--
-- Topic:   Who, and when?

select
    months.month,  -- first day of the month; date, UTC
    months.as_of,  -- the instant that the month's numbers describe; UTC
    months.window_start_date,  -- first day of the window that ends at as_of; UTC
    months.is_complete  -- false for the running month
from staging.months
