-- Which addresses belong to one and the same person?
--
-- Grain:   address_key
-- Check:   joined_key is not null
-- Caveat:  two sets that share an address are one person, as is an address that a directory has
--          given first to one and later to another
-- Version: 1

with recursive memberships as (
    select
        concat(people.account_id, ' ', people.directory_id) as set_id,
        people.address_key
    from raw.people
    union all
    select
        concat(people.account_id, ' ', people.directory_id) as set_id,
        unnest(people.alias_keys) as address_key
    from raw.people
    union all
    -- No directory gives out an empty id.
    select
        '' as set_id,
        own_addresses.address_key
    from raw.own_addresses
),

links as (
    select distinct
        memberships.address_key,
        others.address_key as other_key
    from memberships
    join memberships as others on others.set_id = memberships.set_id
    where
        memberships.address_key is not null
        and others.address_key is not null
),

reached as (
    select
        links.address_key,
        links.other_key
    from links
    union
    select
        reached.address_key,
        links.other_key
    from reached
    join links on links.address_key = reached.other_key
)

select
    reached.address_key,  -- the address
    min(reached.other_key) as joined_key  -- the same for all addresses of one person
from reached
group by reached.address_key
