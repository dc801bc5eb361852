-- Who is everybody: name, address, group, and inside or outside?
--
-- Grain:   person_id
-- Check:   kind in ('person', 'robot', 'list', 'room', 'group')
-- Check:   is_internal is not null
-- Warn:    has rows
-- Caveat:  the only published table that knows names and addresses
-- Caveat:  department, manager and level are those of the newest directory snapshot
-- Version: 1
--
-- Topic:   Who, and when?
-- High:    level: far from the head of the house
-- Low:     level: 0, its head
-- Values:  kind: explained with an example each in people-and-contacts.md; only persons have ties

select
    people.person_id,  -- the person, robot, list, room or group; a keyed pseudonym of the address met first
    people.name,  -- display name seen last
    people.address,  -- primary address by the directory, else the one met first
    people.domain,  -- its domain
    people.group_name,  -- department inside the own organisation, domain outside; null for freemail
    people.manager_id,  -- person_id of the manager
    people.level,  -- steps below the head of the house, whose level is 0
    people.is_internal,  -- of the own organisation, or oneself
    people.is_freemail,  -- the address is of a public mail service
    people.kind,  -- person, robot, list, room, group
    people.is_mailbox_owner,  -- their own mailbox is read
    people.is_me  -- one of the own addresses in kith.toml
from staging.people
