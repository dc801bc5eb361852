-- When was each address first met?
--
-- Grain:   address_key
-- Check:   first_seen_at is not null
-- Caveat:  an address that only kith.toml or a mailbox names has not been met and is left out
-- Version: 1

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
        written.seen_at
    from written
    union all
    select
        events.organizer_key as address_key,
        events.start_at as seen_at
    from raw.events
    union all
    select
        invited.attendee.address_key,
        invited.seen_at
    from invited
    union all
    select
        listed.address_key,
        listed.seen_at
    from listed
)

select
    met.address_key,  -- the address
    min(met.seen_at) as first_seen_at  -- first message, meeting or directory snapshot that names it; UTC
from met
cross join staging.parameters
where
    met.address_key is not null
    and met.seen_at >= cast(parameters.first_month as timestamptz)
group by met.address_key
