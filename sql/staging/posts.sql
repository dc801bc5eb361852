-- What did the directory say of each person at the end of each month?
--
-- Grain:   month, person_id
-- Check:   level >= 0
-- Check:   manager_id <> person_id
-- Caveat:  months before the first snapshot of a directory use that; whoever left it has no row
-- Caveat:  of several entries of one person the newest holds
-- Version: 1

with recursive standing as (
    select
        wanted_months.month,
        directory_changes.account_id,
        directory_changes.directory_id,
        directory_changes.since_at,
        directory_changes.person_id,
        directory_changes.department,
        directory_changes.title,
        directory_changes.manager_id,
        row_number() over (
            partition by
                wanted_months.month, directory_changes.account_id, directory_changes.directory_id
            order by directory_changes.since_at desc
        ) as place
    from staging.directory_changes
    join staging.wanted_months on directory_changes.since_at < wanted_months.as_of
),

entries as (
    select
        standing.month,
        standing.person_id,
        standing.department,
        standing.title,
        standing.manager_id,
        row_number() over (
            partition by standing.month, standing.person_id
            order by standing.since_at desc, standing.account_id, standing.directory_id
        ) as place
    from standing
    where
        standing.place = 1
        and standing.person_id is not null
),

held as (
    select
        entries.month,
        entries.person_id,
        entries.department,
        entries.title,
        entries.manager_id
    from entries
    where entries.place = 1
),

-- Down from the heads of the house, who have no manager but somebody below them.
chain as (
    select distinct
        heads.month,
        heads.person_id,
        cast(0 as bigint) as level
    from held as heads
    join held as reports
        on reports.month = heads.month
        and reports.manager_id = heads.person_id
    where heads.manager_id is null
    union all
    select
        reports.month,
        reports.person_id,
        chain.level + 1 as level
    from chain
    join held as reports
        on reports.month = chain.month
        and reports.manager_id = chain.person_id
)

select
    held.month,  -- the month
    held.person_id,  -- the person
    held.department,  -- department
    held.title,  -- job title
    held.manager_id,  -- person_id of the manager
    chain.level  -- steps below the head of the house, whose level is 0; null off every chain and in a circle
from held
left join chain
    on chain.month = held.month
    and chain.person_id = held.person_id
