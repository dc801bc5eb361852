-- Which answers did each person give in the window that ends with each month, and receive?
--
-- Grain:   month, person_id
-- Check:   answers_given_count >= 0
-- Check:   stranger_answers_given_count >= 0
-- Check:   answers_received_count >= 0
-- Check:   stranger_answers_received_count >= 0
-- Source:  kith's own
-- Caveat:  an answer counts once: to an opening among the answers, to anything else of somebody
--          with whom there was no contact before among the answers to strangers
-- Caveat:  openings between a person and those above or below in their own manager chain are left
--          out: a manager who mails reports much takes nothing by their answers
-- Version: 1

with strangers as (
    select
        window_days.month,
        stranger_answers.person_id,
        stranger_answers.contact_id
    from staging.stranger_answers
    join staging.window_days on window_days.window_date = cast(stranger_answers.sent_at as date)
    join staging.wanted_months on wanted_months.month = window_days.month
    where not stranger_answers.is_opening
),

-- What managers ask of those below them, and these of them, is work and no gift either way.
free as (
    select
        answer_times.month,
        answer_times.responder_id,
        answer_times.asker_id,
        answer_times.answered_count
    from staging.answer_times
    join staging.wanted_months on wanted_months.month = answer_times.month
    left join staging.superiors as above
        on above.month = answer_times.month
        and above.person_id = answer_times.responder_id
        and above.superior_id = answer_times.asker_id
    left join staging.superiors as below
        on below.month = answer_times.month
        and below.person_id = answer_times.asker_id
        and below.superior_id = answer_times.responder_id
    where
        answer_times.asker_id <> 0
        and above.person_id is null
        and below.person_id is null
),

gifts as (
    select
        free.month,
        free.responder_id as person_id,
        'answer given' as gift,
        free.answered_count as gift_count
    from free
    union all
    select
        free.month,
        free.asker_id as person_id,
        'answer received' as gift,
        free.answered_count as gift_count
    from free
    union all
    select
        strangers.month,
        strangers.person_id,
        'stranger answer given' as gift,
        1 as gift_count
    from strangers
    union all
    select
        strangers.month,
        strangers.contact_id as person_id,
        'stranger answer received' as gift,
        1 as gift_count
    from strangers
)

select
    gifts.month,  -- month whose window it is
    gifts.person_id,  -- who answered or was answered
    cast(sum(case when gifts.gift = 'answer given' then gifts.gift_count else 0 end) as bigint) as answers_given_count,  -- openings that the person answered for others, those in the own manager chain left out
    cast(sum(case when gifts.gift = 'answer received' then gifts.gift_count else 0 end) as bigint) as answers_received_count,  -- openings of the person that others answered, those in the own manager chain left out
    count(*) filter (where gifts.gift = 'stranger answer given') as stranger_answers_given_count,  -- other answers to people with no earlier tie
    count(*) filter (where gifts.gift = 'stranger answer received') as stranger_answers_received_count  -- other answers of people with no earlier tie
from gifts
group by all
