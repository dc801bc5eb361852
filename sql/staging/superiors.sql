-- Who stood above whom in each month?
--
-- Grain:   month, person_id, superior_id
-- Check:   person_id <> superior_id
-- Caveat:  of people in a circle of managers each stands above the others
-- Version: 1

with recursive managers as (
    select
        posts.month,
        posts.person_id,
        posts.manager_id
    from staging.posts
    join staging.wanted_months on wanted_months.month = posts.month
    where posts.manager_id is not null
),

-- In a circle the chain never ends, so its steps are bounded.
above as (
    select
        managers.month,
        managers.person_id,
        managers.manager_id as superior_id,
        cast(1 as bigint) as step_count
    from managers
    union all
    select
        above.month,
        above.person_id,
        managers.manager_id as superior_id,
        above.step_count + 1 as step_count
    from above
    join managers
        on managers.month = above.month
        and managers.person_id = above.superior_id
    cross join staging.parameters
    where above.step_count < parameters.manager_chain_limit
)

select distinct
    above.month,  -- the month
    above.person_id,  -- the person
    above.superior_id  -- manager, manager's manager and so on
from above
where above.person_id <> above.superior_id
