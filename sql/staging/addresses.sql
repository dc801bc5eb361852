-- Which person, robot, list, room or group does each address belong to?
--
-- Grain:   address_key
-- Check:   person_id is not null
-- Check:   kind in ('person', 'robot', 'list', 'room', 'group')
-- Check:   first_seen_at is not null
-- Caveat:  who is who is timeless: it rests on all that is known, in every month
-- Touches: first_seen_at
-- Version: 2

with joined as (
    select
        sightings.address_key,
        sightings.first_seen_at,
        sightings.is_met,
        coalesce(joined_addresses.joined_key, sightings.address_key) as joined_key
    from staging.sightings
    left join staging.joined_addresses on joined_addresses.address_key = sightings.address_key
)

select
    joined.address_key,  -- the address
    first_value(joined.address_key) over (
        partition by joined.joined_key
        -- Who is met may not depend on when the directory was asked first.
        order by joined.is_met desc, joined.first_seen_at, joined.address_key
    ) as person_id,  -- whose it is: key of the first met of all addresses of the same owner
    address_kinds.kind,  -- person, robot, list, room, group
    joined.first_seen_at  -- first message or meeting that names it, else first directory snapshot; UTC
from joined
join staging.address_kinds on address_kinds.address_key = joined.address_key
