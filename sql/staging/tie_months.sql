-- In which months can the tie of two people matter or change?
--
-- Grain:   month, first_id, second_id
-- Check:   history_month <= month
-- Caveat:  a pair is looked at from its first contact to the month in which it has left the window
--          and grown faint, and in the month in which it turns dormant; nothing else can change
-- Version: 1

with wanted as (
    select
        wanted_months.month,
        year(wanted_months.month) * 12 + month(wanted_months.month) as number
    from staging.wanted_months
),

bounds as (
    select
        min(wanted.number) as first_number,
        max(wanted.number) as last_number,
        max(wanted.month) as last_month
    from wanted
),

-- A row of staging.pair_histories holds until the pair's next contact.
held as (
    select
        pair_histories.month as history_month,
        pair_histories.first_id,
        pair_histories.second_id,
        max(pair_histories.first_revival_date) over so_far as first_revival_date,
        max(pair_histories.second_revival_date) over so_far as second_revival_date,
        lead(pair_histories.month) over so_far as next_month,
        pair_histories.last_contact_date,
        pair_histories.as_of_date,
        sqrt(
            (pair_histories.there_mail_strength + pair_histories.meeting_strength)
            * (pair_histories.back_mail_strength + pair_histories.meeting_strength)
        ) as strength
    from staging.pair_histories
    join bounds on pair_histories.month <= bounds.last_month
    window so_far as (
        partition by pair_histories.first_id, pair_histories.second_id
        order by pair_histories.month
    )
),

ends as (
    select
        held.history_month,
        held.first_id,
        held.second_id,
        held.first_revival_date,
        held.second_revival_date,
        year(held.history_month) * 12 + month(held.history_month) as from_number,
        coalesce(year(held.next_month) * 12 + month(held.next_month), bounds.last_number + 1)
            as until_number,
        greatest(
            held.last_contact_date + cast(parameters.window_days as integer),
            held.as_of_date + cast(
                ceil(
                    parameters.half_life_days
                    * log2(greatest(held.strength / parameters.min_strength, 1))
                ) as integer
            )
        ) as faint_date,
        held.last_contact_date + cast(parameters.dormant_days as integer) - 1 as dormant_date
    from held
    cross join bounds
    cross join staging.parameters
),

spans as (
    select
        ends.history_month,
        ends.first_id,
        ends.second_id,
        ends.first_revival_date,
        ends.second_revival_date,
        ends.from_number,
        least(ends.until_number, year(ends.faint_date) * 12 + month(ends.faint_date) + 1) as faint_number,
        ends.until_number,
        year(ends.dormant_date) * 12 + month(ends.dormant_date) as dormant_number
    from ends
),

numbers as (
    select
        spans.history_month,
        spans.first_id,
        spans.second_id,
        spans.first_revival_date,
        spans.second_revival_date,
        unnest(
            range(
                greatest(spans.from_number, bounds.first_number),
                least(spans.faint_number, bounds.last_number + 1)
            )
        ) as number
    from spans
    cross join bounds
    union all
    select
        spans.history_month,
        spans.first_id,
        spans.second_id,
        spans.first_revival_date,
        spans.second_revival_date,
        spans.dormant_number as number
    from spans
    where
        spans.dormant_number >= spans.faint_number
        and spans.dormant_number < spans.until_number
)

select
    wanted.month,  -- the month
    numbers.first_id,  -- the person with the smaller id
    numbers.second_id,  -- the other
    numbers.history_month,  -- the last month with contact until then: which row of pair_histories holds
    numbers.first_revival_date,  -- last day that ended a silence which was lapsed or dormant to the first person
    numbers.second_revival_date  -- the same to the second person
from numbers
join wanted on wanted.number = numbers.number
