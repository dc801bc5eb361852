-- Whose mailboxes can say how the network has changed since a window ago?
--
-- Grain:   month, person_id
-- Caveat:  the whole of the earlier window is covered; what ends a mailbox is not seen
-- Version: 1

select
    comparisons.month,  -- the month
    comparisons.earlier_month,  -- a window's length ago
    owners.person_id  -- whose mailbox covers the windows of both
from staging.comparisons
join staging.wanted_months on wanted_months.month = comparisons.month
join staging.owners on cast(owners.first_covered_at as date) <= comparisons.earlier_window_start_date
where comparisons.span = 'window'
