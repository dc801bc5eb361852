-- Who is everybody: name, address, group, and inside or outside?
--
-- Grain:   person_id
-- Check:   kind in ('person', 'robot', 'list', 'room', 'group')
-- Check:   address is not null
-- Warn:    everybody whose mailbox is read has a name: name is not null or not is_mailbox_owner
-- Caveat:  department and manager are those of now; a name is never an identity
-- Version: 1

with names as (
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
        positions.name,
        positions.department,
        positions.manager_id,
        positions.level
    from staging.addresses
    left join staging.positions on positions.person_id = addresses.person_id
    where addresses.address_key = addresses.person_id
)

select
    entities.person_id,  -- the person, robot, list, room or group
    coalesce(names.name, entities.name) as name,  -- display name seen last
    texts.address,  -- primary address by the directory, else the one met first
    affiliations.domain,  -- its domain
    case
        when affiliations.is_internal and entities.department is not null then entities.department
        when not affiliations.is_freemail then affiliations.domain
    end as group_name,  -- department inside, domain outside; null for freemail
    entities.manager_id,  -- person_id of the manager
    entities.level,  -- steps below the head of the house, whose level is 0
    affiliations.is_internal,  -- of the own organisation, or oneself
    affiliations.is_freemail,  -- the address is of a public mail service
    entities.kind,  -- person, robot, list, room, group
    owners.person_id is not null as is_mailbox_owner,  -- their own mailbox is read
    affiliations.is_me  -- one of the own addresses in kith.toml
from entities
join staging.affiliations on affiliations.person_id = entities.person_id
join raw.addresses as texts on texts.address_key = affiliations.address_key
left join names
    on names.person_id = entities.person_id
    and names.place = 1
left join staging.owners on owners.person_id = entities.person_id
