-- How often, and after what time, is a question answered: by a person to another, to all, on a list?
--
-- Grain:   month, responder_id, asker_id
-- Check:   answered_count <= asked_count
-- Check:   answer_median_hours >= 0
-- Source:  the median of times of which some are not over: Kaplan & Meier 1958, J. Am. Stat. Assoc.
--          53:457, by the weights of Efron 1967, Proc. 5th Berkeley Symp. 4:831; times to answer
--          mail: Wuchty & Uzzi 2011, PLoS ONE 6:e26612; Kooti et al. 2015
-- Caveat:  counts are of questions whose days for an answer are over; the median also knows how
--          long the others have waited
-- Version: 1

-- A question is judged in the month in which it was asked, or later.
with first_asked as (
    select cast(date_trunc('month', min(wanted_months.window_start_date)) as date) as month
    from staging.wanted_months
),

asked as (
    select
        window_days.month,
        questions.person_id as responder_id,
        questions.asker_id,
        questions.wait_microseconds,
        questions.outcome = 'answered' as is_answered,
        questions.outcome <> 'answered'
        and questions.wait_microseconds >= parameters.answer_days * 86400000000 as is_vain,
        questions.is_due and questions.outcome <> 'relieved' as is_counted
    from staging.questions
    join first_asked on questions.month >= first_asked.month
    join staging.window_days on window_days.window_date = cast(questions.asked_at as date)
    join staging.wanted_months on wanted_months.month = window_days.month
    cross join staging.parameters
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
        asked.is_vain,
        asked.is_counted
    from asked
    union all
    select
        asked.month,
        asked.responder_id,
        cast(0 as bigint) as asker_id,
        asked.wait_microseconds,
        asked.is_answered,
        asked.is_vain,
        asked.is_counted
    from asked
    union all
    select
        window_days.month,
        list_questions.list_id as responder_id,
        cast(0 as bigint) as asker_id,
        list_questions.wait_microseconds,
        list_questions.answered_at is not null as is_answered,
        list_questions.answered_at is null
        and list_questions.wait_microseconds >= parameters.answer_days * 86400000000 as is_vain,
        list_questions.is_due as is_counted
    from staging.list_questions
    join staging.window_days on window_days.window_date = cast(list_questions.asked_at as date)
    join staging.wanted_months on wanted_months.month = window_days.month
    cross join staging.parameters
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
        count(*) filter (where spells.is_vain) as vain_count,
        count(*) filter (where spells.is_counted) as asked_count,
        count(*) filter (where spells.is_counted and spells.is_answered) as answered_count
    from spells
    group by all
),

-- Those still waiting when this one ends, itself among them; of equal times answers come first. Who has
-- waited in vain for all the days comes last and need not be numbered; where these are more than the
-- answers, half have none.
ordered as (
    select
        spells.month,
        spells.responder_id,
        spells.asker_id,
        spells.wait_microseconds,
        spells.is_answered,
        totals.spell_count,
        totals.spell_count + 1 - row_number() over (
            partition by spells.month, spells.responder_id, spells.asker_id
            order by spells.wait_microseconds, spells.is_answered desc
        ) as waiting_count
    from spells
    join totals
        on totals.month = spells.month
        and totals.responder_id = spells.responder_id
        and totals.asker_id = spells.asker_id
    where
        totals.answer_count >= greatest(totals.vain_count, 1)
        and not spells.is_vain
),

-- Every spell weighs the same at first, and one that ends without an answer leaves its weight to those
-- who wait on. What these weigh together is S(t), the product of (n - 1) / n over the answers until
-- t. Summed as whole numbers of 1e-15 the logarithm of a weight is the same in any order. As weights
-- only grow, an answer after which more than half wait on cannot be the median.
weighed as (
    select
        ordered.month,
        ordered.responder_id,
        ordered.asker_id,
        ordered.wait_microseconds,
        ordered.is_answered,
        ordered.spell_count,
        ordered.waiting_count - 1 as left_count,
        sum(
            case
                when not ordered.is_answered and ordered.waiting_count > 1 then
                    cast(
                        round(
                            log2(ordered.waiting_count / cast(ordered.waiting_count - 1 as double))
                            * 1e15
                        ) as bigint
                    )
                else 0
            end
        ) over (
            partition by ordered.month, ordered.responder_id, ordered.asker_id
            order by ordered.waiting_count desc
            rows between unbounded preceding and current row
        ) as log_weight
    from ordered
    where
        not ordered.is_answered
        or 2 * (ordered.waiting_count - 1) <= ordered.spell_count
),

medians as (
    select
        weighed.month,
        weighed.responder_id,
        weighed.asker_id,
        min(weighed.wait_microseconds) as wait_microseconds
    from weighed
    where
        weighed.is_answered
        -- Exactly a half may come out a trifle above it.
        and weighed.left_count * power(2.0, weighed.log_weight / 1e15)
        <= (0.5 + 1e-9) * weighed.spell_count
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
