-- With which earlier months is each month compared?
--
-- Grain:   month, span
-- Check:   earlier_month < month
-- Check:   span in ('window', 'year')
-- Caveat:  no row where the earlier month lies before the first
-- Version: 1

with spans as (
    select
        'window' as span,
        cast(round(parameters.window_days / 30) as bigint) as months_before
    from staging.parameters
    union all
    select
        'year' as span,
        cast(12 as bigint) as months_before
)

select
    wanted_months.month,  -- the month
    spans.span,  -- window: one window's length ago, so that the two windows meet; year: twelve months ago
    earlier.month as earlier_month,  -- the month that it is compared with
    earlier.as_of as earlier_as_of,  -- the instant which that month describes; UTC
    earlier.as_of_date as earlier_as_of_date,  -- its day
    earlier.window_start_date as earlier_window_start_date  -- first day of its window
from staging.wanted_months
cross join spans
join staging.months as earlier
    on year(earlier.month) * 12 + month(earlier.month)
    = year(wanted_months.month) * 12 + month(wanted_months.month) - spans.months_before
