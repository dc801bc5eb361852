-- From when on did a directory say what of each of its entries?
--
-- Grain:   account_id, directory_id, since_at
-- Check:   since_at is not null
-- Caveat:  what the first snapshot of a directory says is taken to have held before it, too
-- Touches: since_at
-- Version: 1

-- A change only adds rows here, so that only the months from its day on are computed again.
with entries as (
    select
        coalesce(people.account_id, '') as account_id,
        people.directory_id,
        people.valid_from,
        people.valid_to,
        addresses.person_id,
        people.department,
        people.title,
        people.manager_id as manager_directory_id,
        managers.person_id as manager_person_id,
        min(people.valid_from) over (partition by people.account_id) as first_snapshot_at,
        min(people.valid_from) over entry as first_at,
        lead(people.valid_from) over (
            partition by people.account_id, people.directory_id
            order by people.valid_from
        ) as next_at
    from raw.people
    join staging.addresses on addresses.address_key = people.address_key
    left join staging.addresses as managers on managers.address_key = people.manager_key
    window entry as (partition by people.account_id, people.directory_id)
),

owners as (
    select
        entries.account_id,
        entries.directory_id,
        min(entries.person_id) as person_id
    from entries
    group by entries.account_id, entries.directory_id
),

said as (
    select
        entries.account_id,
        entries.directory_id,
        case
            when
                entries.valid_from = entries.first_at
                -- One listing of a directory takes minutes, and its pages bear their own times.
                and entries.valid_from < entries.first_snapshot_at + interval 1 day
                then cast(parameters.first_month as timestamptz)
            else entries.valid_from
        end as since_at,
        entries.person_id,
        entries.department,
        entries.title,
        nullif(coalesce(owners.person_id, entries.manager_person_id), entries.person_id)
            as manager_id
    from entries
    left join owners
        on owners.account_id = entries.account_id
        and owners.directory_id = entries.manager_directory_id
    cross join staging.parameters
    union all
    select
        entries.account_id,
        entries.directory_id,
        entries.valid_to as since_at,
        cast(null as bigint) as person_id,
        cast(null as varchar) as department,
        cast(null as varchar) as title,
        cast(null as bigint) as manager_id
    from entries
    where
        entries.valid_to is not null
        and (entries.next_at is null or entries.next_at > entries.valid_to)
)

select
    said.account_id,  -- whose directory
    said.directory_id,  -- the directory's own id of the entry
    said.since_at,  -- from then on; first_month for what the first snapshot says; UTC
    said.person_id,  -- whose entry it is; null once it is gone
    said.department,  -- department
    said.title,  -- job title
    said.manager_id  -- person_id of the manager
from said
