-- When was each address first met?
--
-- Grain:   address_key
-- Check:   first_seen_at is not null
-- Caveat:  when a directory was first asked says nothing of when somebody came: it dates only those
--          whom no message or meeting names
-- Caveat:  an address that only kith.toml or a mailbox names has not been met and is left out
-- Version: 2

with written as (
    select
        unnest(flatten([
            [
                messages.author_key,
                messages.sender_key,
                messages.original_author_key,
                messages.list_address_key
            ],
            messages.reply_to_keys,
            messages.to_keys,
            messages.cc_keys,
            messages.bcc_keys
        ])) as address_key,
        messages.sent_at as seen_at
    from raw.messages
),

invited as (
    select
        unnest(events.attendees) as attendee,
        events.start_at as seen_at
    from raw.events
),

listed as (
    select
        people.address_key,
        people.valid_from as seen_at
    from raw.people
    union all
    select
        unnest(people.alias_keys) as address_key,
        people.valid_from as seen_at
    from raw.people
),

met as (
    select
        written.address_key,
        written.seen_at,
        true as is_met
    from written
    union all
    select
        events.organizer_key as address_key,
        events.start_at as seen_at,
        true as is_met
    from raw.events
    union all
    select
        invited.attendee.address_key,
        invited.seen_at,
        true as is_met
    from invited
    union all
    select
        listed.address_key,
        listed.seen_at,
        false as is_met
    from listed
)

select
    met.address_key,  -- the address
    coalesce(min(met.seen_at) filter (where met.is_met), min(met.seen_at)) as first_seen_at,  -- first message or meeting that names it, else first directory snapshot; UTC
    max(cast(met.is_met as integer)) > 0 as is_met  -- named by a message or meeting, not by a directory alone
from met
cross join staging.parameters
where
    met.address_key is not null
    and met.seen_at >= cast(parameters.first_month as timestamptz)
group by met.address_key
