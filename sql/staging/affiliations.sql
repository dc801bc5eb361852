-- By their addresses, does each person belong to the own organisation, to another, or to none?
--
-- Grain:   person_id
-- Check:   is_internal is not null
-- Caveat:  who is who is timeless: it rests on all that is known, in every month
-- Touches: first_seen_at
-- Version: 1

with own_domains as (
    select own_domains.domain
    from raw.own_domains
    union
    select addresses.domain
    from raw.people
    join raw.addresses on addresses.address_key = people.address_key
    where
        people.kind = 'person'
        and addresses.domain not in (
            select freemail_domains.domain
            from staging.freemail_domains
        )
),

own as (
    select distinct addresses.person_id
    from staging.addresses
    join raw.addresses as texts on texts.address_key = addresses.address_key
    where texts.domain in (
        select own_domains.domain
        from own_domains
    )
),

me as (
    select distinct addresses.person_id
    from staging.addresses
    join raw.own_addresses on own_addresses.address_key = addresses.address_key
),

entities as (
    select
        addresses.person_id,
        coalesce(positions.address_key, addresses.person_id) as address_key,
        addresses.first_seen_at
    from staging.addresses
    left join staging.positions on positions.person_id = addresses.person_id
    where addresses.address_key = addresses.person_id
)

select
    entities.person_id,  -- the person, robot, list, room or group
    entities.address_key,  -- primary address by the directory, else the one met first
    texts.domain,  -- its domain
    own.person_id is not null or me.person_id is not null as is_internal,  -- of the own organisation, or oneself
    freemail_domains.domain is not null as is_freemail,  -- the address is of a public mail service
    me.person_id is not null as is_me,  -- one of the own addresses in kith.toml
    entities.first_seen_at  -- first message or meeting that names the address met first; UTC
from entities
join raw.addresses as texts on texts.address_key = entities.address_key
left join own on own.person_id = entities.person_id
left join me on me.person_id = entities.person_id
left join staging.freemail_domains on freemail_domains.domain = texts.domain
