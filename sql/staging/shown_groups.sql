-- Of which groups may anything be said?
--
-- Grain:   month, group_name
-- Check:   people_count >= 1
-- Check:   people_count <= all_people_count
-- Caveat:  nothing is said of a group with fewer people in the network than min_group_size
-- Version: 1

with members as (
    select distinct
        edges.month,
        edges.person_id
    from staging.edges
    join staging.wanted_months on wanted_months.month = edges.month
),

counted as (
    select
        memberships.month,
        memberships.group_name,
        max(cast(memberships.is_internal as integer)) = 1 as is_internal,
        count(*) as people_count
    from members
    join staging.memberships
        on memberships.month = members.month
        and memberships.person_id = members.person_id
    where memberships.group_name is not null
    group by memberships.month, memberships.group_name
),

everybody as (
    select
        counted.month,
        cast(sum(counted.people_count) as bigint) as people_count
    from counted
    group by counted.month
)

select
    counted.month,  -- the month
    counted.group_name,  -- department inside the own organisation, domain outside
    counted.is_internal,  -- of the own organisation
    counted.people_count,  -- its people in the network; people
    everybody.people_count as all_people_count  -- people of any group in the network, shown or not; people
from counted
join everybody on everybody.month = counted.month
cross join staging.parameters
where counted.people_count >= parameters.min_group_size
