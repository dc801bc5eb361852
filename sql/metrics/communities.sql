-- How alive is each mailing list: who is there, who asks, and is anybody answered?
--
-- Grain:   month, list_id
-- Check:   member_count >= 1
-- Check:   post_count >= member_count
-- Check:   answered_share between 0 and 1
-- Check:   first_answer_median_hours >= 0
-- Check:   cross_group_answer_count <= answer_count
-- Check:   stranger_answer_count <= answer_count
-- Source:  kith's own; median: Kaplan & Meier 1958, J. Am. Stat. Assoc. 53:457
-- Caveat:  members are those who wrote: who only reads is not seen
-- Caveat:  a question is a post that begins a thread, announcements among them
-- Version: 1
--
-- Topic:   Who gives?
-- High:    member_count, post_count, question_count: a busy list
-- Low:     member_count, post_count, question_count: a quiet one; its shares say little
-- Asks:    answered_share: Is whoever asks there helped?
-- High:    answered_share: 1, every question within seven days
-- Low:     answered_share: 0, none; a list of announcements has no answers
-- Formula: answered_share: questions answered by somebody else within seven days / questions whose
--          seven days are over
-- Asks:    first_answer_median_hours: How soon does help come?
-- High:    first_answer_median_hours: one waits long
-- Low:     first_answer_median_hours: help is near
-- Formula: first_answer_median_hours: the time after which half of the questions have a first
--          answer, by Kaplan and Meier: an unanswered one counts as one that has waited for so long
-- High:    answer_count: much is answered
-- Low:     answer_count: little is
-- Asks:    answerer_count: Does the help rest on many shoulders?
-- High:    answerer_count: on many
-- Low:     answerer_count: on few, and ends when they go
-- Asks:    stranger_answer_count: Is help given to those nobody knows?
-- High:    stranger_answer_count: newcomers are helped
-- Low:     stranger_answer_count: acquaintances help each other
-- Asks:    cross_group_answer_count: Does knowledge pass between groups?
-- High:    cross_group_answer_count: it does here
-- Low:     cross_group_answer_count: each group helps its own

with posts as (
    select
        window_days.month,
        list_posts.list_id,
        list_posts.month as posted_month,
        list_posts.message_key,
        list_posts.author_id,
        list_posts.is_thread_start
    from staging.list_posts
    join staging.window_days on window_days.window_date = cast(list_posts.sent_at as date)
    join staging.wanted_months on wanted_months.month = window_days.month
),

groups as (
    select
        wanted_months.month,
        affiliations.person_id,
        case
            when affiliations.is_internal and posts.department is not null then posts.department
            when not affiliations.is_freemail then affiliations.domain
        end as group_name
    from staging.wanted_months
    cross join staging.affiliations
    left join staging.posts
        on posts.month = wanted_months.month
        and posts.person_id = affiliations.person_id
),

answers as (
    select
        posts.month,
        posts.list_id,
        posts.author_id,
        strangers.message_key is not null as is_to_stranger,
        coalesce(own.group_name <> theirs.group_name, false) as is_across
    from posts
    join staging.replies
        on replies.month = posts.posted_month
        and replies.message_key = posts.message_key
        and replies.parent_author_id <> posts.author_id
    left join staging.stranger_answers as strangers
        on strangers.month = posts.posted_month
        and strangers.message_key = posts.message_key
    left join groups as own
        on own.month = posts.month
        and own.person_id = posts.author_id
    left join groups as theirs
        on theirs.month = posts.month
        and theirs.person_id = replies.parent_author_id
),

posted as (
    select
        posts.month,
        posts.list_id,
        count(*) as post_count,
        count(distinct posts.author_id) as member_count,
        count(*) filter (where posts.is_thread_start) as question_count
    from posts
    group by all
),

helped as (
    select
        answers.month,
        answers.list_id,
        count(*) as answer_count,
        count(distinct answers.author_id) as answerer_count,
        count(*) filter (where answers.is_to_stranger) as stranger_answer_count,
        count(*) filter (where answers.is_across) as cross_group_answer_count
    from answers
    group by all
)

select
    posted.month,  -- month whose window it is
    posted.list_id,  -- the list: person_id of its address
    posted.member_count,  -- people who wrote to it; people
    posted.post_count,  -- what they wrote; messages
    posted.question_count,  -- threads begun; messages
    cast(answer_times.answered_count as double)
    / nullif(answer_times.asked_count, 0) as answered_share,  -- of questions whose seven days are over, those that somebody else answered in them; null without any; 0 to 1
    answer_times.answer_median_hours as first_answer_median_hours,  -- Kaplan-Meier median of the time to the first answer; null where half have none; hours
    coalesce(helped.answer_count, 0) as answer_count,  -- posts that answer somebody else; messages
    coalesce(helped.answerer_count, 0) as answerer_count,  -- people who wrote them; people
    coalesce(helped.stranger_answer_count, 0) as stranger_answer_count,  -- of these answers, to people with no earlier tie
    coalesce(helped.cross_group_answer_count, 0) as cross_group_answer_count  -- of these answers, to people of another group, where both groups are known
from posted
left join helped
    on helped.month = posted.month
    and helped.list_id = posted.list_id
left join staging.answer_times
    on answer_times.month = posted.month
    and answer_times.responder_id = posted.list_id
    and answer_times.asker_id = 0
