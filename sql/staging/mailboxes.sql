-- Whose is each mailbox that is read, and from when on does it know the past?
--
-- Grain:   mailbox_id
-- Check:   settled_at > first_covered_at
-- Caveat:  a mailbox in which nothing dated was found yet is left out
-- Caveat:  a calendar says since when a mailbox is covered only where it holds no mail: meetings
--          that repeat reach back further than what was read
-- Touches: first_covered_at
-- Version: 2

with mail as (
    select
        messages.mailbox_id,
        min(messages.sent_at) as first_at
    from raw.messages
    cross join staging.parameters
    where messages.sent_at >= cast(parameters.first_month as timestamptz)
    group by messages.mailbox_id
),

calendars as (
    select
        events.mailbox_id,
        min(events.start_at) as first_at
    from raw.events
    cross join staging.parameters
    where events.start_at >= cast(parameters.first_month as timestamptz)
    group by events.mailbox_id
),

covered as (
    select
        mailboxes.mailbox_id,
        mailboxes.address_key,
        coalesce(mail.first_at, calendars.first_at) as first_covered_at
    from raw.mailboxes
    left join mail on mail.mailbox_id = mailboxes.mailbox_id
    left join calendars on calendars.mailbox_id = mailboxes.mailbox_id
),

-- A mailbox may go by an address that nobody ever wrote to or from.
unmet as (
    select
        joined_addresses.address_key,
        min(addresses.person_id) as person_id
    from staging.joined_addresses
    join staging.joined_addresses as others on others.joined_key = joined_addresses.joined_key
    join staging.addresses
        on addresses.address_key = others.address_key
        and addresses.kind = 'person'
    where joined_addresses.address_key not in (
        select met.address_key
        from staging.addresses as met
    )
    group by joined_addresses.address_key
)

select
    covered.mailbox_id,  -- the mailbox
    coalesce(addresses.person_id, unmet.person_id) as person_id,  -- its owner; null for an archive of a list and for one without an owner
    covered.first_covered_at,  -- the first that it holds; UTC
    cast(
        cast(covered.first_covered_at as date) + cast(parameters.settling_days as integer)
        as timestamptz
    ) as settled_at  -- from then on it can say what is new; UTC
from covered
cross join staging.parameters
left join staging.addresses
    on addresses.address_key = covered.address_key
    and addresses.kind = 'person'
left join unmet on unmet.address_key = covered.address_key
where covered.first_covered_at is not null
