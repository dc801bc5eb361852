-- Which groups are there in each month, and how large are they?
--
-- Grain:   month, group_name
-- Check:   people_count >= 1
-- Caveat:  groups with fewer people in the network than min_group_size are one, "(other)"; the smallest
--          of the others is part of it where it would speak of too few
-- Version: 2
--
-- Topic:   How do groups connect?
-- High:    people_count: a large group
-- Low:     people_count: a small one; below min_group_size it is part of "(other)"

with rests as (
    select
        shown_groups.month,
        max(shown_groups.all_people_count) - sum(shown_groups.people_count) as people_count
    from staging.shown_groups
    join staging.wanted_months on wanted_months.month = shown_groups.month
    group by shown_groups.month
)

select
    shown_groups.month,  -- the month
    shown_groups.group_name,  -- department inside the own organisation, domain outside; (other): all that are not told apart
    shown_groups.is_internal,  -- of the own organisation; null for (other)
    shown_groups.people_count  -- its people in the network; people
from staging.shown_groups
join staging.wanted_months on wanted_months.month = shown_groups.month
union all
select
    rests.month,
    '(other)' as group_name,
    cast(null as boolean) as is_internal,
    cast(rests.people_count as bigint) as people_count
from rests
where rests.people_count > 0
