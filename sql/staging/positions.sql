-- What does the directory say now of each person: department, manager and level?
--
-- Grain:   person_id
-- Check:   level >= 0
-- Check:   manager_id <> person_id
-- Caveat:  now is the newest snapshot; of several entries of one person the one newest in force
-- Version: 1

with recursive entries as (
    select
        addresses.person_id,
        people.account_id,
        people.directory_id,
        people.address_key,
        people.name,
        people.department,
        people.title,
        people.manager_id as manager_directory_id,
        people.manager_key,
        row_number() over (
            partition by addresses.person_id
            order by people.valid_to desc nulls first, people.valid_from desc, people.account_id, people.directory_id
        ) as place
    from raw.people
    join staging.addresses on addresses.address_key = people.address_key
),

owners as (
    select
        entries.account_id,
        entries.directory_id,
        min(entries.person_id) as person_id
    from entries
    group by entries.account_id, entries.directory_id
),

newest as (
    select
        entries.person_id,
        entries.address_key,
        entries.name,
        entries.department,
        entries.title,
        nullif(coalesce(owners.person_id, managers.person_id), entries.person_id) as manager_id
    from entries
    left join owners
        on owners.account_id = entries.account_id
        and owners.directory_id = entries.manager_directory_id
    left join staging.addresses as managers on managers.address_key = entries.manager_key
    where entries.place = 1
),

chain as (
    select
        newest.person_id,
        cast(0 as bigint) as level
    from newest
    where
        newest.manager_id is null
        and newest.person_id in (
            select reports.manager_id
            from newest as reports
        )
    union all
    select
        newest.person_id,
        chain.level + 1 as level
    from chain
    join newest on newest.manager_id = chain.person_id
)

select
    newest.person_id,  -- the person
    newest.address_key,  -- primary address
    newest.name,  -- display name in the directory
    newest.department,  -- department
    newest.title,  -- job title
    newest.manager_id,  -- person_id of the manager
    chain.level  -- steps below the head of the house, whose level is 0; null off every chain and in a circle
from newest
left join chain on chain.person_id = newest.person_id
