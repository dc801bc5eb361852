-- Which copies belong to another message than their Message-ID says?
--
-- Grain:   month, copy_key
-- Check:   message_key <> id_key
-- Check:   rule in ('same_content', 'same_id')
-- Caveat:  same_content: archives give a copy in every folder an id of its own, so messages of one
--          second with the same author, audience and parent are one, whatever their ids; but two
--          in one folder are two, such as the patches of a series: the n-th of one folder is a
--          copy of the n-th of another
-- Caveat:  same_id: broken senders use one id for many messages, so copies with one id are of
--          different messages where they differ in the author, share nobody in To and Cc, or lie
--          more than copy_days apart; they are compared with the oldest copy
-- Version: 1

-- Example: one mailbox holds a message as <a@x> in "sent" and as <b@x> in "all": one message. A list
-- holds two patches of one second as <1@y> and <2@y>: two messages, in each of its archives.

with wanted as (
    select
        wanted_months.month,
        messages.copy_key,
        messages.message_key,
        messages.audience_key,
        cast(floor(epoch(messages.sent_at)) as bigint) as second
    from raw.messages
    join staging.wanted_months
        on wanted_months.month = date_trunc('month', messages.sent_date)
        and messages.sent_date >= wanted_months.month
        and messages.sent_at < wanted_months.as_of
),

wanted_span as (
    select
        min(wanted_months.month) as first_month,
        max(wanted_months.as_of) as as_of
    from staging.wanted_months
),

-- Few columns of few rows: most ids stand once, and are not looked at any further.
repeated_ids as (
    select wanted.message_key
    from wanted
    group by wanted.message_key
    having min(wanted.copy_key) <> max(wanted.copy_key)
    union
    select messages.message_key
    from raw.messages
    join wanted_span on messages.sent_date < wanted_span.first_month
    where messages.message_key in (
        select wanted.message_key
        from wanted
    )
),

doubtful_ids as (
    select messages.message_key
    from raw.messages
    join wanted_span on messages.sent_at < wanted_span.as_of
    cross join staging.parameters
    where messages.message_key in (
        select repeated_ids.message_key
        from repeated_ids
    )
    group by messages.message_key, parameters.copy_days
    having
        min(messages.audience_key) <> max(messages.audience_key)
        or max(messages.sent_date) - min(messages.sent_date) > parameters.copy_days
),

doubtful_copies as (
    select
        messages.copy_key,
        messages.message_key,
        messages.audience_key,
        messages.sent_at,
        messages.sent_date,
        coalesce(messages.original_author_key, messages.author_key) as author_key,
        coalesce(messages.author_key = messages.list_address_key, false)
        and messages.original_author_key is null as is_rewritten,
        list_distinct(flatten([messages.to_keys, messages.cc_keys])) as named_keys,
        row_number() over (
            partition by messages.message_key
            order by messages.sent_at, messages.copy_key
        ) as place
    from raw.messages
    join wanted_span on messages.sent_at < wanted_span.as_of
    where messages.message_key in (
        select doubtful_ids.message_key
        from doubtful_ids
    )
),

strangers as (
    select
        copies.copy_key,
        copies.message_key,
        copies.audience_key,
        copies.sent_at,
        copies.sent_date,
        copies.sent_date - coalesce(
            lag(copies.sent_date) over (
                partition by copies.message_key, copies.audience_key
                order by copies.sent_at, copies.copy_key
            ),
            date '1900-01-01'
        ) > parameters.copy_days as begins
    from doubtful_copies as copies
    join doubtful_copies as oldest
        on oldest.message_key = copies.message_key
        and oldest.place = 1
    cross join staging.parameters
    where
        copies.place > 1
        and (
            copies.sent_date - oldest.sent_date > parameters.copy_days
            or (
                copies.author_key is distinct from oldest.author_key
                and not copies.is_rewritten
                and not oldest.is_rewritten
            )
            or (
                copies.audience_key <> oldest.audience_key
                and len(copies.named_keys) > 0
                and len(oldest.named_keys) > 0
                and not list_has_any(copies.named_keys, oldest.named_keys)
            )
        )
),

gathered as (
    select
        strangers.copy_key,
        strangers.message_key,
        strangers.audience_key,
        strangers.sent_at,
        sum(cast(strangers.begins as integer)) over (
            partition by strangers.message_key, strangers.audience_key
            order by strangers.sent_at, strangers.copy_key
        ) as number
    from strangers
),

apart as (
    select
        gathered.copy_key,
        first_value(gathered.copy_key) over (
            partition by gathered.message_key, gathered.audience_key, gathered.number
            order by gathered.sent_at, gathered.copy_key
        ) as own_key
    from gathered
),

contents as (
    select
        wanted.month,
        wanted.audience_key,
        wanted.second
    from wanted
    where wanted.audience_key is not null
    group by wanted.month, wanted.audience_key, wanted.second
    having min(wanted.message_key) <> max(wanted.message_key)
),

alike as (
    select
        contents.month,
        contents.audience_key,
        contents.second,
        wanted.copy_key,
        wanted.message_key
    from contents
    join wanted
        on wanted.month = contents.month
        and wanted.audience_key = contents.audience_key
        and wanted.second = contents.second
    where wanted.copy_key not in (
        select apart.copy_key
        from apart
    )
),

folders as (
    select
        messages.copy_key,
        messages.mailbox_id,
        min(message_folders.folder_id) as folder_id
    from raw.messages
    left join raw.message_folders
        on message_folders.mailbox_id = messages.mailbox_id
        and message_folders.message_id = messages.message_id
    where messages.copy_key in (
        select alike.copy_key
        from alike
    )
    group by messages.copy_key, messages.mailbox_id
),

placed as (
    select
        alike.month,
        alike.audience_key,
        alike.second,
        alike.message_key,
        dense_rank() over (
            partition by alike.audience_key, alike.second, folders.mailbox_id, folders.folder_id
            order by alike.message_key
        ) as place
    from alike
    join folders on folders.copy_key = alike.copy_key
),

ordered as (
    select
        placed.month,
        placed.audience_key,
        placed.second,
        placed.message_key,
        max(placed.place) as place
    from placed
    group by placed.month, placed.audience_key, placed.second, placed.message_key
),

united as (
    select
        ordered.month,
        ordered.message_key as id_key,
        min(ordered.message_key) over (
            partition by ordered.month, ordered.audience_key, ordered.second, ordered.place
        ) as message_key
    from ordered
),

-- A message whose copies lie in two seconds stands in two groups.
renamed as (
    select
        united.month,
        united.id_key,
        min(united.message_key) as message_key
    from united
    group by united.month, united.id_key
    having min(united.message_key) <> united.id_key
),

found as (
    select
        wanted.month,
        wanted.copy_key,
        wanted.message_key as id_key,
        renamed.message_key,
        'same_content' as rule
    from renamed
    join wanted
        on wanted.month = renamed.month
        and wanted.message_key = renamed.id_key
    where wanted.copy_key not in (
        select apart.copy_key
        from apart
    )
    union all
    select
        wanted.month,
        wanted.copy_key,
        wanted.message_key as id_key,
        apart.own_key as message_key,
        'same_id' as rule
    from apart
    join wanted on wanted.copy_key = apart.copy_key
)

select
    found.month,  -- month of the copy
    found.copy_key,  -- the copy
    found.id_key,  -- message_key that its Message-ID gives it
    found.message_key,  -- the message that it is a copy of
    found.rule  -- same_content: of a message with another id; same_id: not of the message with its id
from found
