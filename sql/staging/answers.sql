-- Who answered which message that began a thread, within the days for an answer, and when first?
--
-- Grain:   month, message_key, person_id
-- Check:   answered_at is not null
-- Check:   place >= 1
-- Source:  an answer within seven days: Christidis 2020; METRICS.md 4
-- Caveat:  an answer replies to the message, or comes later in its thread. Ann writes to bob, with cat
--          on Cc; cat writes to ann and bob answers cat: both have answered. Ann herself never does
-- Version: 1

with asked as (
    select
        asking_days.month,
        asking_days.as_of,
        messages.message_key,
        messages.author_id as asker_id,
        messages.sent_at as asked_at
    from staging.messages
    join staging.asking_days on asking_days.asked_date = messages.sent_date
    join staging.wanted_months on wanted_months.month = asking_days.month
    where
        messages.is_thread_start
        and messages.author_id is not null
        and not messages.is_automated
),

replies as (
    select
        replies.parent_key as message_key,
        replies.author_id,
        replies.sent_at
    from staging.replies
    where replies.author_id is not null
    union all
    select
        replies.thread_key as message_key,
        replies.author_id,
        replies.sent_at
    from staging.replies
    where
        replies.author_id is not null
        and replies.thread_key <> replies.parent_key
),

answered as (
    select
        asked.month,
        asked.message_key,
        replies.author_id as person_id,
        min(replies.sent_at) as answered_at
    from asked
    join replies
        on replies.message_key = asked.message_key
        and replies.author_id <> asked.asker_id
    cross join staging.parameters
    where
        -- Not replies.sent_at < asked.as_of: that would be a way to join all replies with all days.
        epoch_us(asked.as_of) - epoch_us(replies.sent_at) > 0
        and epoch_us(replies.sent_at) - epoch_us(asked.asked_at)
        <= parameters.answer_days * 86400000000
    group by all
)

select
    answered.month,  -- month in which the message's days are over, or whose end they reach beyond
    answered.message_key,  -- the message that began the thread
    answered.person_id,  -- who answered
    answered.answered_at,  -- when first; UTC
    row_number() over (
        partition by answered.month, answered.message_key
        order by answered.answered_at, answered.person_id
    ) as place  -- 1 for whoever answered first
from answered
