-- What became of each question to a mailing list: did anybody answer, and how soon?
--
-- Grain:   month, message_key
-- Check:   wait_microseconds >= 0
-- Source:  kith's own
-- Caveat:  a question is a post that begins a thread; announcements begin threads, too
-- Caveat:  it is judged once, when its seven days are over, and stands in the month of that day, as
--          staging.asking_days says
-- Version: 1

with asked as (
    select
        asking_days.month,
        asking_days.as_of,
        asking_days.is_due,
        list_posts.message_key,
        list_posts.list_id,
        list_posts.author_id as asker_id,
        list_posts.sent_at as asked_at
    from staging.list_posts
    join staging.asking_days on asking_days.asked_date = cast(list_posts.sent_at as date)
    join staging.wanted_months on wanted_months.month = asking_days.month
    where list_posts.is_thread_start
)

select
    asked.month,  -- month in which its days are over, or whose end they reach beyond
    asked.message_key,  -- the post that began the thread
    asked.list_id,  -- the list
    asked.asker_id,  -- who wrote it
    asked.asked_at,  -- when; UTC
    asked.is_due,  -- whether its days for an answer are over at as_of
    first_answers.answered_at,  -- first answer of anybody else in its days; null without; UTC
    case
        when first_answers.answered_at is not null
            then greatest(epoch_us(first_answers.answered_at) - epoch_us(asked.asked_at), 0)
        when asked.is_due then parameters.answer_days * 86400000000
        else epoch_us(asked.as_of) - epoch_us(asked.asked_at)
    end as wait_microseconds  -- until the answer, or for as long as one was waited for; microseconds
from asked
left join staging.answers as first_answers
    on first_answers.month = asked.month
    and first_answers.message_key = asked.message_key
    and first_answers.place = 1
cross join staging.parameters
