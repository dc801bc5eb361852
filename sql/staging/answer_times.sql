-- How often, and after what time, is a question answered: by a person to another, to all, on a list?
--
-- Grain:   month, responder_id, asker_id
-- Check:   answered_count <= asked_count
-- Check:   answer_median_hours >= 0
-- Source:  the median of times of which some are not over: Kaplan & Meier 1958, J. Am. Stat. Assoc.
--          53:457; times to answer mail: Wuchty & Uzzi 2011, PLoS ONE 6:e26612; Kooti et al. 2015
-- Caveat:  counts are of questions whose days for an answer are over; the median also knows how
--          long the others have waited
-- Version: 1

with asked as (
    select
        window_days.month,
        questions.person_id as responder_id,
        questions.asker_id,
        questions.wait_microseconds,
        questions.outcome = 'answered' as is_answered,
        questions.is_due and questions.outcome <> 'relieved' as is_counted
    from staging.questions
    join staging.window_days on window_days.window_date = cast(questions.asked_at as date)
    join staging.wanted_months on wanted_months.month = window_days.month
    where
        questions.outcome <> 'superseded'
        and (
            (questions.is_due and questions.month <= window_days.month)
            or (not questions.is_due and questions.month = window_days.month)
        )
),

spells as (
    select
        asked.month,
        asked.responder_id,
        asked.asker_id,
        asked.wait_microseconds,
        asked.is_answered,
        asked.is_counted
    from asked
    union all
    select
        asked.month,
        asked.responder_id,
        cast(0 as bigint) as asker_id,
        asked.wait_microseconds,
        asked.is_answered,
        asked.is_counted
    from asked
    union all
    select
        window_days.month,
        list_questions.list_id as responder_id,
        cast(0 as bigint) as asker_id,
        list_questions.wait_microseconds,
        list_questions.answered_at is not null as is_answered,
        list_questions.is_due as is_counted
    from staging.list_questions
    join staging.window_days on window_days.window_date = cast(list_questions.asked_at as date)
    join staging.wanted_months on wanted_months.month = window_days.month
    where
        (list_questions.is_due and list_questions.month <= window_days.month)
        or (not list_questions.is_due and list_questions.month = window_days.month)
),

totals as (
    select
        spells.month,
        spells.responder_id,
        spells.asker_id,
        count(*) as spell_count,
        count(*) filter (where spells.is_answered) as answer_count,
        count(*) filter (where spells.is_counted) as asked_count,
        count(*) filter (where spells.is_counted and spells.is_answered) as answered_count
    from spells
    group by all
),

-- Those still waiting when this one ends, itself among them; of equal times answers come first.
ordered as (
    select
        spells.month,
        spells.responder_id,
        spells.asker_id,
        spells.wait_microseconds,
        spells.is_answered,
        totals.spell_count + 1 - row_number() over (
            partition by spells.month, spells.responder_id, spells.asker_id
            order by spells.wait_microseconds, spells.is_answered desc
        ) as waiting_count
    from spells
    join totals
        on totals.month = spells.month
        and totals.responder_id = spells.responder_id
        and totals.asker_id = spells.asker_id
    where totals.answer_count > 0
),

-- S(t) is the product of (n - 1) / n over the answers until t. Summed as whole numbers of 1e-15 its
-- logarithm is the same in any order; the last of all to wait leaves nothing, whose logarithm is
-- none.
survivals as (
    select
        ordered.month,
        ordered.responder_id,
        ordered.asker_id,
        ordered.wait_microseconds,
        ordered.is_answered and ordered.waiting_count = 1 as is_last,
        sum(
            case
                when ordered.is_answered and ordered.waiting_count > 1 then
                    cast(
                        round(
                            ln((ordered.waiting_count - 1) / cast(ordered.waiting_count as double))
                            * 1e15
                        ) as bigint
                    )
                else 0
            end
        ) over (
            partition by ordered.month, ordered.responder_id, ordered.asker_id
            order by ordered.waiting_count desc
        ) as log_survival
    from ordered
),

medians as (
    select
        survivals.month,
        survivals.responder_id,
        survivals.asker_id,
        min(survivals.wait_microseconds) as wait_microseconds
    from survivals
    where
        survivals.is_last
        -- Exactly a half may come out a trifle above it.
        or survivals.log_survival <= ln(0.5 + 1e-9) * 1e15
    group by all
)

select
    totals.month,  -- the month; its window is what the row speaks of
    totals.responder_id,  -- the person who is asked, or the list
    totals.asker_id,  -- the person who asks; 0 for all together
    totals.asked_count,  -- questions of the window whose days are over; questions
    totals.answered_count,  -- of them those answered; questions
    medians.wait_microseconds / 3.6e9 as answer_median_hours  -- Kaplan-Meier median of the time to answer; null where half have none; hours
from totals
left join medians
    on medians.month = totals.month
    and medians.responder_id = totals.responder_id
    and medians.asker_id = totals.asker_id
