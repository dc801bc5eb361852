-- Of which groups may anything be said?
--
-- Grain:   month, group_name
-- Check:   people_count >= 1
-- Check:   people_count <= all_people_count
-- Caveat:  nothing is said of a group with fewer people in the network than min_group_size: such groups
--          are one, "(other)"
-- Caveat:  "(other)" takes in the smallest of the others, too, until it holds min_group_size people
--          besides its largest group: else who knows that one would know the rest
-- Version: 2

-- A department that goes by the name of the rest would be taken for it.
with sized as (
    select
        group_sizes.month,
        group_sizes.group_name,
        group_sizes.is_internal,
        group_sizes.people_count,
        group_sizes.people_count < parameters.min_group_size
        or group_sizes.group_name = '(other)' as is_small,
        parameters.min_group_size
    from staging.group_sizes
    join staging.wanted_months on wanted_months.month = group_sizes.month
    cross join staging.parameters
),

-- The small ones first, then by size: "(other)" is a beginning of this order.
placed as (
    select
        sized.month,
        sized.group_name,
        sized.is_internal,
        sized.people_count,
        sized.is_small,
        sized.min_group_size,
        sum(sized.people_count) over (partition by sized.month) as all_people_count,
        max(cast(sized.is_small as integer)) over (partition by sized.month) as has_small,
        -- What would be left of the groups before this one without the largest of them.
        coalesce(
            sum(sized.people_count) over (
                partition by sized.month
                order by sized.is_small desc, sized.people_count, sized.group_name
                rows between unbounded preceding and 2 preceding
            ),
            0
        ) as rest_count
    from sized
)

select
    placed.month,  -- the month
    placed.group_name,  -- department inside the own organisation, domain outside
    placed.is_internal,  -- of the own organisation
    placed.people_count,  -- its people in the network; people
    cast(placed.all_people_count as bigint) as all_people_count  -- people of any group in the network, shown or not; people
from placed
where
    not placed.is_small
    and (placed.has_small = 0 or placed.rest_count >= placed.min_group_size)
