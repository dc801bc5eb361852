-- What did each address write, and how often was it named, in each month?
--
-- Grain:   month, address_key
-- Check:   written_count >= automated_count
-- Check:   written_count >= answer_count
-- Check:   first_seen_at is not null
-- Caveat:  counts of mail only; a meeting is a sighting and no more
-- Version: 1

with wanted as not materialized (
    select
        envelopes.month,
        envelopes.message_key,
        envelopes.sent_at,
        envelopes.author_key,
        envelopes.to_keys,
        envelopes.cc_keys,
        envelopes.bcc_keys,
        envelopes.list_address_key,
        envelopes.is_automated,
        envelopes.is_thread_start
    from staging.envelopes
    join staging.wanted_months on wanted_months.month = envelopes.month
),

roles as (
    select
        wanted.month,
        wanted.author_key as address_key,
        min(wanted.sent_at) as first_seen_at,
        count(*) as written_count,
        count(*) filter (where wanted.is_automated) as automated_count,
        count(*) filter (where not wanted.is_thread_start) as answer_count,
        count(*) filter (where wanted.list_address_key is null) as direct_count,
        cast(0 as bigint) as named_count,
        cast(0 as bigint) as posted_count
    from wanted
    where wanted.author_key is not null
    group by wanted.month, wanted.author_key
    union all
    select
        named.month,
        named.address_key,
        min(named.sent_at) as first_seen_at,
        0 as written_count,
        0 as automated_count,
        0 as answer_count,
        0 as direct_count,
        count(*) filter (where named.address_key is distinct from named.author_key) as named_count,
        0 as posted_count
    from (
        select
            wanted.month,
            wanted.sent_at,
            wanted.author_key,
            unnest(wanted.to_keys) as address_key
        from wanted
        union all
        select
            wanted.month,
            wanted.sent_at,
            wanted.author_key,
            unnest(wanted.cc_keys) as address_key
        from wanted
        where len(wanted.cc_keys) > 0
        union all
        select
            wanted.month,
            wanted.sent_at,
            wanted.author_key,
            unnest(wanted.bcc_keys) as address_key
        from wanted
        where len(wanted.bcc_keys) > 0
    ) as named
    group by named.month, named.address_key
    union all
    select
        wanted.month,
        wanted.list_address_key as address_key,
        min(wanted.sent_at) as first_seen_at,
        0 as written_count,
        0 as automated_count,
        0 as answer_count,
        0 as direct_count,
        0 as named_count,
        count(*) as posted_count
    from wanted
    where wanted.list_address_key is not null
    group by wanted.month, wanted.list_address_key
    union all
    -- Who is named in these alone has written nothing and was not written to.
    select
        mentioned.month,
        mentioned.address_key,
        min(mentioned.sent_at) as first_seen_at,
        0 as written_count,
        0 as automated_count,
        0 as answer_count,
        0 as direct_count,
        0 as named_count,
        0 as posted_count
    from (
        select
            wanted_months.month,
            messages.sent_at,
            unnest(
                flatten([
                    [messages.author_key, messages.sender_key, messages.original_author_key],
                    messages.reply_to_keys
                ])
            ) as address_key
        from raw.messages
        join staging.wanted_months
            on wanted_months.month = date_trunc('month', messages.sent_date)
            and messages.sent_date >= wanted_months.month
            and messages.sent_at < wanted_months.as_of
        where
            messages.sender_key is not null
            or messages.original_author_key is not null
            or len(messages.reply_to_keys) > 0
    ) as mentioned
    where mentioned.address_key is not null
    group by mentioned.month, mentioned.address_key
    union all
    select
        met.month,
        met.address_key,
        min(met.start_at) as first_seen_at,
        0 as written_count,
        0 as automated_count,
        0 as answer_count,
        0 as direct_count,
        0 as named_count,
        0 as posted_count
    from (
        select
            wanted_months.month,
            events.start_at,
            unnest(
                flatten([
                    [events.organizer_key],
                    list_transform(events.attendees, lambda attendee: attendee.address_key)
                ])
            ) as address_key
        from raw.events
        join staging.wanted_months
            on events.start_at >= cast(wanted_months.month as timestamptz)
            and events.start_at < wanted_months.as_of
    ) as met
    where met.address_key is not null
    group by met.month, met.address_key
)

select
    roles.month,  -- the month
    roles.address_key,  -- an address that a message or meeting of the month names
    min(roles.first_seen_at) as first_seen_at,  -- first message or meeting of the month that names it; UTC
    cast(sum(roles.written_count) as bigint) as written_count,  -- messages it wrote
    cast(sum(roles.automated_count) as bigint) as automated_count,  -- of these, with a machine's headers
    cast(sum(roles.answer_count) as bigint) as answer_count,  -- of these, that follow an earlier message
    cast(sum(roles.direct_count) as bigint) as direct_count,  -- of these, that no list carried
    cast(sum(roles.named_count) as bigint) as named_count,  -- times that others named it in To, Cc or Bcc
    cast(sum(roles.posted_count) as bigint) as posted_count  -- messages that it, as a list, carried
from roles
group by roles.month, roles.address_key
