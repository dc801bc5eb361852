-- What became of each question to a mailing list: did anybody answer, and how soon?
--
-- Grain:   month, message_key
-- Check:   wait_microseconds >= 0
-- Source:  kith's own
-- Caveat:  a question is a post that begins a thread; announcements begin threads, too
-- Caveat:  it is judged once, when its seven days are over, and stands in the month of that day;
--          those whose days are not over at as_of stand there too, as not due
-- Version: 1

with days as (
    select
        wanted_months.month,
        wanted_months.as_of,
        wanted_months.as_of_date,
        unnest(
            range(-parameters.answer_days, date_diff('day', wanted_months.month, wanted_months.as_of_date))
        ) as offset_days
    from staging.wanted_months
    cross join staging.parameters
),

asking_days as (
    select
        days.month,
        days.as_of,
        days.month + cast(days.offset_days as integer) as asked_date,
        days.month + cast(days.offset_days + parameters.answer_days as integer) < days.as_of_date as is_due
    from days
    cross join staging.parameters
),

asked as (
    select
        asking_days.month,
        asking_days.as_of,
        asking_days.is_due,
        list_posts.message_key,
        list_posts.list_id,
        list_posts.author_id as asker_id,
        list_posts.sent_at as asked_at
    from staging.list_posts
    join asking_days on asking_days.asked_date = cast(list_posts.sent_at as date)
    where list_posts.is_thread_start
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

answers as (
    select
        asked.month,
        asked.message_key,
        min(replies.sent_at) as answered_at
    from asked
    join replies
        on replies.message_key = asked.message_key
        and replies.author_id <> asked.asker_id
        and replies.sent_at < asked.as_of
    cross join staging.parameters
    where
        date_diff('microsecond', asked.asked_at, replies.sent_at)
        <= parameters.answer_days * 86400000000
    group by all
)

select
    asked.month,  -- month in which its days are over, or whose end they reach beyond
    asked.message_key,  -- the post that began the thread
    asked.list_id,  -- the list
    asked.asker_id,  -- who wrote it
    asked.asked_at,  -- when; UTC
    asked.is_due,  -- whether its days for an answer are over at as_of
    answers.answered_at,  -- first answer of anybody else in its days; null without; UTC
    case
        when answers.answered_at is not null
            then greatest(date_diff('microsecond', asked.asked_at, answers.answered_at), 0)
        when asked.is_due then parameters.answer_days * 86400000000
        else date_diff('microsecond', asked.asked_at, asked.as_of)
    end as wait_microseconds  -- until the answer, or for as long as one was waited for; microseconds
from asked
left join answers
    on answers.month = asked.month
    and answers.message_key = asked.message_key
cross join staging.parameters
