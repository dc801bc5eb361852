-- Which messages were written, once each however many mailboxes hold a copy?
--
-- Grain:   month, message_key
-- Check:   sent_at is not null
-- Check:   address_count >= 0
-- Caveat:  the fullest copy is believed: only the sender's own shows Bcc
-- Caveat:  copies of one message may be dated differently; the earliest believable date holds
-- Caveat:  headers say which thread a message belongs to; where a provider gives none of them, the
--          oldest message of the conversation that the provider put it in
-- Version: 2

-- Whole messages are needed even where only one of their copies is dated in a wanted month.
with candidates as (
    select distinct messages.message_key
    from raw.messages
    join staging.wanted_months
        on messages.sent_at >= cast(wanted_months.month as timestamptz)
        and messages.sent_at < wanted_months.as_of
),

conversations as (
    select
        messages.thread_key,
        messages.message_key,
        messages.sent_at,
        row_number() over (
            partition by messages.thread_key
            order by messages.sent_at, messages.message_key
        ) as place
    from raw.messages
    where messages.thread_key in (
        select messages.thread_key
        from raw.messages
        join candidates on candidates.message_key = messages.message_key
    )
),

addressed as (
    select
        messages.mailbox_id,
        messages.message_id,
        messages.message_key,
        messages.sent_at,
        roots.message_key as root_key,
        roots.sent_at as root_sent_at,
        coalesce(messages.original_author_key, messages.author_key, messages.sender_key) as author_key,
        messages.to_keys,
        messages.cc_keys,
        messages.bcc_keys,
        array_length(
            list_distinct(flatten([messages.to_keys, messages.cc_keys, messages.bcc_keys]))
        ) as address_count,
        messages.in_reply_to_key,
        messages.reference_keys,
        messages.list_id,
        messages.list_address_key,
        regexp_matches(
            array_to_string(messages.automation_signs, ' '),
            '\b(auto_submitted|autoreply|precedence_auto_reply|precedence_junk|failed_recipients|'
            || 'report|calendar)\b'
        )
        -- Lists put such headers on what people write to them, too.
        or messages.list_address_key is null
        and regexp_matches(
            array_to_string(messages.automation_signs, ' '),
            '\b(precedence_bulk|list_unsubscribe|feedback_id)\b'
        ) as is_automated,
        min(messages.sent_at) over (partition by messages.message_key) as first_sent_at
    from raw.messages
    cross join staging.parameters
    left join conversations as roots
        on roots.thread_key = messages.thread_key
        and roots.place = 1
    where
        messages.sent_at >= cast(parameters.first_month as timestamptz)
        and messages.message_key in (
            select candidates.message_key
            from candidates
        )
),

-- A copy dated after the month's end belongs to what the month does not know yet.
known as (
    select
        wanted_months.month,
        addressed.mailbox_id,
        addressed.message_id,
        addressed.message_key,
        addressed.first_sent_at,
        addressed.root_key,
        addressed.root_sent_at,
        addressed.author_key,
        addressed.to_keys,
        addressed.cc_keys,
        addressed.bcc_keys,
        addressed.address_count,
        addressed.in_reply_to_key,
        addressed.reference_keys,
        addressed.list_id,
        addressed.list_address_key,
        addressed.is_automated
    from addressed
    join staging.wanted_months
        on cast(date_trunc('month', addressed.first_sent_at) as date) = wanted_months.month
        and addressed.sent_at < wanted_months.as_of
),

-- Lists add headers on the way, so the sender's copy lacks what others show.
gathered as (
    select
        known.month,
        known.message_key,
        known.first_sent_at,
        first_value(known.root_key) over (
            partition by known.message_key
            order by known.root_sent_at nulls last, known.root_key
        ) as root_key,
        known.author_key,
        known.to_keys,
        known.cc_keys,
        known.bcc_keys,
        known.address_count,
        known.reference_keys,
        min(known.in_reply_to_key) over copies as in_reply_to_key,
        max(array_length(known.reference_keys)) over copies as reference_count,
        min(known.list_id) over copies as list_id,
        min(known.list_address_key) over copies as list_address_key,
        max(cast(known.is_automated as integer)) over copies as automated_copies,
        row_number() over (
            partition by known.message_key
            order by known.address_count desc, known.mailbox_id, known.message_id
        ) as place
    from known
    window copies as (partition by known.message_key)
)

select
    gathered.month,  -- month it was sent in
    gathered.message_key,  -- the message, the same in every mailbox
    gathered.first_sent_at as sent_at,  -- when it was sent; UTC
    authors.person_id as author_id,  -- who wrote it; null where that is no person
    coalesce(gathered.automated_copies > 0, false) as is_automated,  -- its headers speak of a machine
    gathered.list_id,  -- List-Id of the list that carried it
    gathered.list_address_key,  -- address of that list
    gathered.to_keys,  -- addresses in To
    gathered.cc_keys,  -- addresses in Cc
    gathered.bcc_keys,  -- addresses in Bcc
    coalesce(gathered.address_count, 0) as address_count,  -- different addresses in To, Cc and Bcc, lists and robots included
    gathered.in_reply_to_key,  -- message_key of the message it answers
    gathered.reference_keys,  -- message_keys of its thread, oldest first
    gathered.in_reply_to_key is null
    and coalesce(gathered.reference_count, 0) = 0
    and coalesce(gathered.root_key = gathered.message_key, true) as is_thread_start,  -- follows no earlier message
    coalesce(
        gathered.reference_keys[1],
        gathered.in_reply_to_key,
        gathered.root_key,
        gathered.message_key
    ) as thread_key  -- the oldest message it names, else the oldest of its conversation, else itself
from gathered
left join staging.addresses as authors
    on authors.address_key = gathered.author_key
    and authors.kind = 'person'
where gathered.place = 1
