-- Which messages were written, from which address to which, once each however many copies there are?
--
-- Grain:   month, message_key
-- Check:   sent_at is not null
-- Check:   address_count >= 0
-- Check:   copy_count >= 1
-- Caveat:  the fullest copy is believed: only the sender's own shows Bcc
-- Caveat:  copies of one message may be dated differently; the earliest holds, and a message known
--          from an earlier month is no message of this one
-- Caveat:  a list that puts itself into From is undone where X-Original-From, Reply-To or another
--          copy names the author
-- Version: 1

-- Most messages have one copy and pass as they are; only the others are gathered.
with wanted as (
    select
        min(wanted_months.month) as first_month,
        min(wanted_months.month) - cast(max(parameters.copy_days) as integer) as earliest_copy_date,
        max(wanted_months.as_of) as last_as_of
    from staging.wanted_months
    cross join staging.parameters
),

named as not materialized (
    select
        coalesce(misnamed_copies.message_key, messages.message_key) as message_key,
        messages.copy_key,
        messages.sent_at,
        messages.sent_date
    from raw.messages
    cross join staging.parameters
    left join staging.misnamed_copies on misnamed_copies.copy_key = messages.copy_key
    where messages.sent_date >= parameters.first_month
),

repeated as (
    select named.message_key
    from named
    join wanted
        on named.sent_date >= wanted.first_month
        and named.sent_at < wanted.last_as_of
    group by named.message_key
    having min(named.copy_key) <> max(named.copy_key)
),

-- What lies more than copy_days apart is another message, so none is known from further back.
known as (
    select named.message_key
    from named
    join wanted
        on named.sent_date < wanted.first_month
        and named.sent_date >= wanted.earliest_copy_date
    where named.message_key in (
        select later.message_key
        from named as later
        join wanted as span
            on later.sent_date >= span.first_month
            and later.sent_at < span.last_as_of
    )
),

copies as not materialized (
    select
        wanted_months.month,
        coalesce(misnamed_copies.message_key, messages.message_key) as message_key,
        messages.copy_key,
        messages.sent_at,
        messages.sent_date,
        case
            when messages.original_author_key is not null then messages.original_author_key
            when messages.author_key is null then messages.sender_key
            when messages.author_key is distinct from messages.list_address_key then messages.author_key
            when
                len(messages.reply_to_keys) = 1
                and messages.reply_to_keys[1] <> messages.list_address_key
                then messages.reply_to_keys[1]
        end as author_key,
        messages.author_key as written_key,
        messages.to_keys,
        messages.cc_keys,
        messages.bcc_keys,
        messages.address_count,
        messages.in_reply_to_key,
        messages.reference_keys,
        messages.list_id,
        messages.list_address_key,
        list_has_any(
            messages.automation_signs,
            [
                'auto_submitted', 'autoreply', 'precedence_auto_reply', 'precedence_junk',
                'failed_recipients', 'report'
            ]
        )
        -- Lists put such headers on what people write to them, too; newsletters answer nobody.
        or messages.list_address_key is null
        and messages.in_reply_to_key is null
        and len(messages.reference_keys) = 0
        and list_has_any(
            messages.automation_signs, ['precedence_bulk', 'list_unsubscribe', 'feedback_id']
        ) as is_automated,
        list_contains(messages.automation_signs, 'calendar') as is_of_calendar
    from raw.messages
    join staging.wanted_months
        on wanted_months.month = date_trunc('month', messages.sent_date)
        and messages.sent_date >= wanted_months.month
        and messages.sent_at < wanted_months.as_of
    left join staging.misnamed_copies
        on misnamed_copies.month = wanted_months.month
        and misnamed_copies.copy_key = messages.copy_key
    where coalesce(misnamed_copies.message_key, messages.message_key) not in (
        select known.message_key
        from known
    )
),

-- A thread may go by an id that only a merged copy of its oldest message bears.
renamed as (
    select
        misnamed_copies.id_key,
        min(misnamed_copies.month) as month,
        min(misnamed_copies.message_key) as message_key
    from staging.misnamed_copies
    where misnamed_copies.rule = 'same_content'
    group by misnamed_copies.id_key
),

-- Lists add headers on the way, so the sender's copy lacks what others show.
gathered as (
    select
        copies.message_key,
        copies.month,
        min(copies.month) over (partition by copies.message_key) as first_month,
        min(copies.sent_at) as sent_at,
        min(copies.sent_date) as sent_date,
        count(*) as copy_count,
        -- The fullest copy, and among equals always the same one.
        arg_max(
            copies.copy_key,
            least(copies.address_count, 1000) * cast(9007199254740992 as bigint)
            + copies.copy_key % cast(4503599627370496 as bigint)
        ) as fullest_copy_key,
        min(copies.author_key) as author_key,
        min(copies.written_key) as written_key,
        min(copies.in_reply_to_key) as in_reply_to_key,
        min(copies.list_id) as list_id,
        min(copies.list_address_key) as list_address_key,
        bool_or(copies.is_automated) as is_automated,
        bool_or(copies.is_of_calendar) as is_of_calendar
    from copies
    where copies.message_key in (
        select repeated.message_key
        from repeated
    )
    group by copies.message_key, copies.month
),

told as (
    select
        copies.month,
        copies.message_key,
        copies.sent_at,
        copies.sent_date,
        cast(1 as bigint) as copy_count,
        copies.author_key,
        copies.written_key,
        copies.to_keys,
        copies.cc_keys,
        copies.bcc_keys,
        copies.address_count,
        copies.list_id,
        copies.list_address_key,
        copies.is_automated,
        copies.is_of_calendar,
        copies.in_reply_to_key,
        copies.reference_keys
    from copies
    where copies.message_key not in (
        select repeated.message_key
        from repeated
    )
    union all
    select
        gathered.month,
        gathered.message_key,
        gathered.sent_at,
        gathered.sent_date,
        gathered.copy_count,
        gathered.author_key,
        gathered.written_key,
        copies.to_keys,
        copies.cc_keys,
        copies.bcc_keys,
        copies.address_count,
        gathered.list_id,
        gathered.list_address_key,
        gathered.is_automated,
        gathered.is_of_calendar,
        gathered.in_reply_to_key,
        copies.reference_keys
    from gathered
    join copies
        on copies.month = gathered.month
        and copies.copy_key = gathered.fullest_copy_key
    where gathered.month = gathered.first_month
)

select
    told.month,  -- month it was sent in
    told.message_key,  -- the message, the same in every mailbox
    told.sent_at,  -- when it was sent; UTC
    told.sent_date,  -- its day, UTC
    told.copy_count,  -- copies that were merged; copies
    coalesce(told.author_key, told.written_key) as author_key,  -- address of who wrote it; the list's where that hides the author; null where nobody signed
    told.author_key is null and told.written_key is not null as is_author_hidden,  -- a list stands in From and nothing names the author
    told.to_keys,  -- addresses in To
    told.cc_keys,  -- addresses in Cc
    told.bcc_keys,  -- addresses in Bcc
    told.address_count,  -- different addresses in To, Cc and Bcc, lists and robots included; addresses
    told.list_id,  -- List-Id of the list that carried it
    told.list_address_key,  -- address of that list
    coalesce(told.is_automated, false) as is_automated,  -- its headers speak of a machine
    coalesce(told.is_of_calendar, false) as is_of_calendar,  -- the mail of a meeting, which the calendar counts
    told.in_reply_to_key,  -- message_key of the message it answers
    told.reference_keys,  -- message_keys of its thread, oldest first
    told.in_reply_to_key is null
    and len(told.reference_keys) = 0
    and conversations.root_key is null as is_thread_start,  -- follows no earlier message
    coalesce(
        renamed.message_key,
        told.reference_keys[1],
        told.in_reply_to_key,
        conversations.root_key,
        told.message_key
    ) as thread_key  -- the oldest message it names, else the oldest of its conversation, else itself
from told
left join staging.conversations
    on conversations.month = told.month
    and conversations.message_key = told.message_key
left join renamed
    on renamed.id_key = coalesce(told.reference_keys[1], told.in_reply_to_key)
    and renamed.month <= told.month
