-- Whose is each address by each directory?
--
-- Grain:   account_id, address_key
-- Check:   holder_key <= address_key
-- Check:   entry_count >= 1
-- Caveat:  an address that was given first to one and later to another is the newest holder's, in
--          all months: who is who is timeless
-- Version: 1

with listed as (
    select
        people.account_id,
        people.directory_id,
        people.address_key,
        people.kind,
        people.valid_from,
        people.valid_to
    from raw.people
    where people.address_key is not null
    union all
    select
        people.account_id,
        people.directory_id,
        unnest(people.alias_keys) as address_key,
        people.kind,
        people.valid_from,
        people.valid_to
    from raw.people
),

held as (
    select
        listed.account_id,
        listed.directory_id,
        listed.address_key,
        min(listed.valid_from) as held_from,
        max(listed.valid_to) as held_until,
        count(*) filter (where listed.valid_to is null) > 0 as is_held,
        count(*) filter (where listed.kind = 'person') > 0 as is_person,
        count(*) as entry_count
    from listed
    group by listed.account_id, listed.directory_id, listed.address_key
),

ranked as (
    select
        held.account_id,
        held.directory_id,
        held.address_key,
        held.entry_count,
        row_number() over (
            partition by held.account_id, held.address_key
            order by
                held.is_held desc,
                held.held_until desc nulls first,
                -- A person beats a group that lists the address as its alias.
                held.is_person desc,
                held.held_from desc,
                held.directory_id
        ) as place
    from held
)

select
    ranked.account_id,  -- whose directory
    ranked.address_key,  -- the address
    ranked.directory_id,  -- the entry that holds it
    min(ranked.address_key) over (
        partition by ranked.account_id, ranked.directory_id
    ) as holder_key,  -- the least address that the entry holds: stands for the entry
    ranked.entry_count  -- snapshots that gave it to this entry; rows
from ranked
where ranked.place = 1
