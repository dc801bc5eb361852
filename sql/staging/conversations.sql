-- Which messages without references go on a conversation that their provider knows of?
--
-- Grain:   month, message_key
-- Check:   root_key <> message_key
-- Caveat:  headers know the thread better: only where they name no earlier message is the provider's
--          conversation asked, whose oldest message is then the thread
-- Version: 1

with wanted as (
    select
        wanted_months.month,
        messages.copy_key,
        messages.message_key,
        messages.thread_key,
        messages.sent_at
    from raw.messages
    join staging.wanted_months
        on wanted_months.month = date_trunc('month', messages.sent_date)
        and messages.sent_date >= wanted_months.month
        and messages.sent_at < wanted_months.as_of
    where
        messages.thread_key is not null
        and messages.in_reply_to_key is null
        and len(messages.reference_keys) = 0
),

beginnings as (
    select
        messages.thread_key,
        min(messages.sent_at) as sent_at
    from raw.messages
    cross join staging.parameters
    where
        messages.sent_date >= parameters.first_month
        and messages.thread_key in (
            select wanted.thread_key
            from wanted
        )
    group by messages.thread_key
),

followers as (
    select
        wanted.month,
        wanted.copy_key,
        wanted.message_key,
        wanted.thread_key,
        beginnings.sent_at as root_sent_at
    from wanted
    join beginnings on beginnings.thread_key = wanted.thread_key
    where wanted.sent_at > beginnings.sent_at
),

roots as (
    select
        messages.thread_key,
        min(coalesce(misnamed_copies.message_key, messages.message_key)) as root_key
    from raw.messages
    join beginnings
        on beginnings.thread_key = messages.thread_key
        and beginnings.sent_at = messages.sent_at
    left join staging.misnamed_copies on misnamed_copies.copy_key = messages.copy_key
    where messages.thread_key in (
        select followers.thread_key
        from followers
    )
    group by messages.thread_key
),

found as (
    select
        followers.month,
        coalesce(misnamed_copies.message_key, followers.message_key) as message_key,
        roots.root_key,
        row_number() over (
            partition by
                followers.month, coalesce(misnamed_copies.message_key, followers.message_key)
            order by followers.root_sent_at, roots.root_key
        ) as place
    from followers
    join roots on roots.thread_key = followers.thread_key
    left join staging.misnamed_copies on misnamed_copies.copy_key = followers.copy_key
    where roots.root_key <> coalesce(misnamed_copies.message_key, followers.message_key)
)

select
    found.month,  -- month of the message
    found.message_key,  -- a message whose headers name no earlier one
    found.root_key  -- the oldest message of its conversation; over several mailboxes the oldest of all
from found
where found.place = 1
