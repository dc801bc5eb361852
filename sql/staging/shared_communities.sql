-- What may be said to everybody about each mailing list?
--
-- Grain:   month, list_id
-- Check:   member_count >= 1
-- Caveat:  lists with fewer members than min_group_size are left out; how they are helped is null where
--          fewer people than that answer
-- Version: 1

with marked as (
    select
        communities.month,
        communities.list_id,
        communities.member_count,
        communities.post_count,
        communities.question_count,
        communities.answered_share,
        communities.first_answer_median_hours,
        communities.answer_count,
        communities.answerer_count,
        communities.stranger_answer_count,
        communities.cross_group_answer_count,
        communities.answerer_count >= parameters.min_group_size as is_broad
    from metrics.communities
    join staging.wanted_months on wanted_months.month = communities.month
    cross join staging.parameters
    where communities.member_count >= parameters.min_group_size
)

select
    marked.month,  -- month whose window it is
    marked.list_id,  -- the list: a keyed pseudonym of its address
    marked.member_count,  -- people who wrote to it; people
    marked.post_count,  -- what they wrote; messages
    marked.question_count,  -- threads begun; messages
    case when marked.is_broad then marked.answered_share end as answered_share,  -- of questions whose seven days are over, those that somebody else answered in them; 0 to 1
    case when marked.is_broad then marked.first_answer_median_hours end as first_answer_median_hours,  -- Kaplan-Meier median of the time to the first answer; null where half have none; hours
    case when marked.is_broad then marked.answer_count end as answer_count,  -- posts that answer somebody else; messages
    case when marked.is_broad then marked.answerer_count end as answerer_count,  -- people who wrote them; people
    case when marked.is_broad then marked.stranger_answer_count end as stranger_answer_count,  -- of these answers, to people with no earlier tie
    case when marked.is_broad then marked.cross_group_answer_count end as cross_group_answer_count  -- of these answers, to people of another group, where both groups are known
from marked
