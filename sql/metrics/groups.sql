-- Which groups are there in each month, and how large are they?
--
-- Grain:   month, group_name
-- Check:   people_count >= 1
-- Caveat:  groups with fewer people in the network than min_group_size are left out
-- Version: 1
--
-- Topic:   How do groups connect?
-- High:    people_count: a large group
-- Low:     people_count: a small one; below min_group_size nothing is said of it

select
    shown_groups.month,  -- the month
    shown_groups.group_name,  -- department inside the own organisation, domain outside
    shown_groups.is_internal,  -- of the own organisation
    shown_groups.people_count  -- its people in the network; people
from staging.shown_groups
join staging.wanted_months on wanted_months.month = shown_groups.month
