-- Does each person begin threads, and answer, upwards, level and downwards?
--
-- Grain:   month, person_id
-- Check:   initiated_up_count + initiated_level_count + initiated_down_count <= started_count
-- Check:   answer_up_rate between 0 and 1
-- Check:   answer_level_rate between 0 and 1
-- Check:   answer_down_rate between 0 and 1
-- Source:  kith's own: does one still reach out as one grows senior?
-- Caveat:  up is nearer to the head of the house, in steps of the manager chain, whether the
--          contact is in the person's own line or not; who is in no chain is in none of the three
-- Version: 1

with by_level as (
    select
        reciprocity.month,
        reciprocity.person_id,
        posts.level,
        cast(sum(reciprocity.started_count) as bigint) as started_count,
        cast(sum(reciprocity.received_start_count) as bigint) as received_start_count,
        cast(sum(reciprocity.asked_count) as bigint) as asked_count,
        cast(sum(reciprocity.answered_count) as bigint) as answered_count
    from metrics.reciprocity
    join staging.wanted_months on wanted_months.month = reciprocity.month
    left join staging.posts
        on posts.month = reciprocity.month
        and posts.person_id = reciprocity.contact_id
    group by all
),

directed as (
    select
        by_level.month,
        by_level.person_id,
        posts.level,
        by_level.level - posts.level as steps_down,
        by_level.started_count,
        by_level.received_start_count,
        by_level.asked_count,
        by_level.answered_count
    from by_level
    left join staging.posts
        on posts.month = by_level.month
        and posts.person_id = by_level.person_id
),

totals as (
    select
        directed.month,
        directed.person_id,
        directed.level,
        cast(sum(directed.started_count) as bigint) as started_count,
        cast(sum(directed.received_start_count) as bigint) as received_start_count,
        cast(sum(directed.started_count) filter (where directed.steps_down < 0) as bigint) as up_count,
        cast(sum(directed.started_count) filter (where directed.steps_down = 0) as bigint) as level_count,
        cast(sum(directed.started_count) filter (where directed.steps_down > 0) as bigint) as down_count,
        cast(sum(directed.answered_count) filter (where directed.steps_down < 0) as double)
        / nullif(sum(directed.asked_count) filter (where directed.steps_down < 0), 0) as up_rate,
        cast(sum(directed.answered_count) filter (where directed.steps_down = 0) as double)
        / nullif(sum(directed.asked_count) filter (where directed.steps_down = 0), 0) as level_rate,
        cast(sum(directed.answered_count) filter (where directed.steps_down > 0) as double)
        / nullif(sum(directed.asked_count) filter (where directed.steps_down > 0), 0) as down_rate
    from directed
    group by all
)

select
    totals.month,  -- month whose window it is
    totals.person_id,  -- who began threads; everybody with mail in the window
    totals.started_count,  -- threads the person began with a message To somebody, once for each
    totals.received_start_count,  -- threads that others began with a message To the person
    case when totals.level is not null then coalesce(totals.up_count, 0) end as initiated_up_count,  -- of started_count, to people nearer to the head of the house; null off every chain
    case when totals.level is not null then coalesce(totals.level_count, 0) end as initiated_level_count,  -- as near
    case when totals.level is not null then coalesce(totals.down_count, 0) end as initiated_down_count,  -- further away
    totals.up_rate as answer_up_rate,  -- of openings from people nearer to the head of the house, those the person answered; null without any; 0 to 1
    totals.level_rate as answer_level_rate,  -- from people as near; 0 to 1
    totals.down_rate as answer_down_rate  -- from people further away; 0 to 1
from totals
