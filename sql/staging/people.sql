-- Who is everybody: name, address, group, and inside or outside?
--
-- Grain:   person_id
-- Check:   kind in ('person', 'robot', 'list', 'room', 'group')
-- Check:   address is not null
-- Warn:    name is not null
-- Caveat:  department and manager are those of now; a name is never an identity
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

owners as (
    select distinct mailboxes.person_id
    from staging.mailboxes
    where mailboxes.person_id is not null
),

names as (
    select
        addresses.person_id,
        address_names.name,
        row_number() over (
            partition by addresses.person_id
            order by address_names.last_seen_at desc, address_names.name
        ) as place
    from raw.address_names
    join staging.addresses on addresses.address_key = address_names.address_key
    where address_names.name is not null
),

entities as (
    select
        addresses.person_id,
        addresses.kind,
        coalesce(positions.address_key, addresses.person_id) as address_key,
        positions.name,
        positions.department,
        positions.manager_id,
        positions.level
    from staging.addresses
    left join staging.positions on positions.person_id = addresses.person_id
    where addresses.address_key = addresses.person_id
),

placed as (
    select
        entities.person_id,
        coalesce(names.name, entities.name) as name,
        texts.address,
        texts.domain,
        entities.department,
        entities.manager_id,
        entities.level,
        own.person_id is not null or me.person_id is not null as is_internal,
        freemail_domains.domain is not null as is_freemail,
        entities.kind,
        owners.person_id is not null as is_mailbox_owner,
        me.person_id is not null as is_me
    from entities
    join raw.addresses as texts on texts.address_key = entities.address_key
    left join names
        on names.person_id = entities.person_id
        and names.place = 1
    left join own on own.person_id = entities.person_id
    left join me on me.person_id = entities.person_id
    left join owners on owners.person_id = entities.person_id
    left join staging.freemail_domains on freemail_domains.domain = texts.domain
)

select
    placed.person_id,  -- the person, robot, list, room or group
    placed.name,  -- display name seen last
    placed.address,  -- primary address by the directory, else the one met first
    placed.domain,  -- its domain
    case
        when placed.is_internal and placed.department is not null then placed.department
        when not placed.is_freemail then placed.domain
    end as group_name,  -- department inside, domain outside; null for freemail
    placed.manager_id,  -- person_id of the manager
    placed.level,  -- steps below the head of the house, whose level is 0
    placed.is_internal,  -- of the own organisation, or oneself
    placed.is_freemail,  -- the address is of a public mail service
    placed.kind,  -- person, robot, list, room, group
    placed.is_mailbox_owner,  -- their own mailbox is read
    placed.is_me  -- one of the own addresses in kith.toml
from placed
