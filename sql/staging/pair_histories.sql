-- What lay behind two people at the end of each month in which they had contact?
--
-- Grain:   month, first_id, second_id
-- Check:   first_id < second_id
-- Check:   there_mail_strength >= 0
-- Check:   back_mail_strength >= 0
-- Check:   meeting_strength >= 0
-- Check:   strength >= 0
-- Check:   contact_day_count >= 1
-- Check:   first_usual_gap_days >= 1
-- Check:   second_usual_gap_days >= 1
-- Check:   burstiness between -1 and 1
-- Source:  tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193
-- Source:  burstiness of n gaps: Kim & Jo 2016, Phys. Rev. E 94:032311
-- Caveat:  a silence is judged on the day that ends it, and only where that day is the first with
--          contact in its month: a silence within one month ends no tie
-- Version: 3

-- A month without contact changes nothing but by the passing of time, so it has no row here.
with bounds as (
    select
        min(wanted_months.month) as first_month,
        max(wanted_months.month) as last_month
    from staging.wanted_months
),

pairs as (
    select distinct
        pair_months.first_id,
        pair_months.second_id
    from staging.pair_months
    join staging.wanted_months on wanted_months.month = pair_months.month
),

earlier as (
    select
        pair_months.month,
        pair_months.first_id,
        pair_months.second_id,
        pair_months.first_contact_at,
        pair_months.last_contact_at,
        pair_months.first_contact_date,
        pair_months.last_contact_date,
        pair_months.first_there_date,
        pair_months.first_back_date,
        pair_months.contact_day_count,
        pair_months.gap_square_sum,
        pair_months.first_start_number,
        pair_months.first_end_number,
        pair_months.second_start_number,
        pair_months.second_end_number,
        date_diff(
            'day',
            lag(pair_months.last_contact_date) over (
                partition by pair_months.first_id, pair_months.second_id
                order by pair_months.month
            ),
            pair_months.first_contact_date
        ) as silent_days
    from staging.pair_months
    join bounds on pair_months.month < bounds.first_month
    join pairs
        on pairs.first_id = pair_months.first_id
        and pairs.second_id = pair_months.second_id
),

-- All that lies before the wanted months is one row of a pair.
gathered as (
    select
        pair_months.month,
        pair_months.first_id,
        pair_months.second_id,
        pair_months.first_contact_at,
        pair_months.last_contact_at,
        pair_months.first_contact_date,
        pair_months.last_contact_date,
        pair_months.first_there_date,
        pair_months.first_back_date,
        pair_months.contact_day_count,
        pair_months.gap_square_sum,
        pair_months.first_start_number,
        pair_months.first_end_number,
        pair_months.second_start_number,
        pair_months.second_end_number
    from staging.pair_months
    join bounds on pair_months.month between bounds.first_month and bounds.last_month
    union all
    select
        max(earlier.month) as month,
        earlier.first_id,
        earlier.second_id,
        min(earlier.first_contact_at) as first_contact_at,
        max(earlier.last_contact_at) as last_contact_at,
        min(earlier.first_contact_date) as first_contact_date,
        max(earlier.last_contact_date) as last_contact_date,
        min(earlier.first_there_date) as first_there_date,
        min(earlier.first_back_date) as first_back_date,
        cast(sum(earlier.contact_day_count) as bigint) as contact_day_count,
        cast(
            sum(earlier.gap_square_sum + coalesce(earlier.silent_days * earlier.silent_days, 0))
            as bigint
        ) as gap_square_sum,
        min(earlier.first_start_number) as first_start_number,
        max(earlier.first_end_number) as first_end_number,
        min(earlier.second_start_number) as second_start_number,
        max(earlier.second_end_number) as second_end_number
    from earlier
    group by earlier.first_id, earlier.second_id
),

resumed as (
    select
        gathered.month,
        gathered.first_id,
        gathered.second_id,
        gathered.first_contact_at,
        gathered.last_contact_at,
        gathered.first_contact_date,
        gathered.last_contact_date,
        gathered.first_there_date,
        gathered.first_back_date,
        gathered.contact_day_count,
        gathered.gap_square_sum,
        gathered.first_start_number,
        gathered.first_end_number,
        gathered.second_start_number,
        gathered.second_end_number,
        date_diff(
            'day', lag(gathered.last_contact_date) over months, gathered.first_contact_date
        ) as silent_days,
        lag(gathered.first_end_number) over months as first_silent_number,
        lag(gathered.second_end_number) over months as second_silent_number
    from gathered
    window months as (
        partition by gathered.first_id, gathered.second_id
        order by gathered.month
    )
),

totals as (
    select
        resumed.month,
        resumed.first_id,
        resumed.second_id,
        first_value(resumed.first_contact_at) over so_far as first_contact_at,
        resumed.last_contact_at,
        first_value(resumed.first_contact_date) over so_far as first_contact_date,
        resumed.first_contact_date as resumed_date,
        resumed.last_contact_date,
        min(resumed.first_there_date) over so_far as first_there_date,
        min(resumed.first_back_date) over so_far as first_back_date,
        cast(sum(resumed.contact_day_count) over so_far as bigint) as contact_day_count,
        resumed.contact_day_count as month_day_count,
        cast(
            sum(
                resumed.gap_square_sum + coalesce(resumed.silent_days * resumed.silent_days, 0)
            ) over so_far as bigint
        ) as gap_square_sum,
        resumed.silent_days,
        first_value(resumed.first_start_number) over so_far as first_start_number,
        resumed.first_silent_number,
        resumed.first_start_number as first_resumed_number,
        resumed.first_end_number,
        first_value(resumed.second_start_number) over so_far as second_start_number,
        resumed.second_silent_number,
        resumed.second_start_number as second_resumed_number,
        resumed.second_end_number
    from resumed
    window so_far as (
        partition by resumed.first_id, resumed.second_id
        order by resumed.month
    )
),

rhythms as (
    select
        totals.month,
        totals.first_id,
        totals.second_id,
        strength_histories.as_of_date,
        strength_histories.there_mail_strength,
        strength_histories.back_mail_strength,
        strength_histories.meeting_strength,
        totals.first_contact_at,
        totals.last_contact_at,
        totals.resumed_date,
        totals.last_contact_date,
        totals.first_there_date,
        totals.first_back_date,
        totals.contact_day_count,
        totals.first_end_number,
        totals.second_end_number,
        -- Active days between first and last contact, over one less than the contact days.
        cast(totals.first_end_number - totals.first_start_number as double)
        / nullif(totals.contact_day_count - 1, 0) as first_usual_gap_days,
        cast(totals.second_end_number - totals.second_start_number as double)
        / nullif(totals.contact_day_count - 1, 0) as second_usual_gap_days,
        -- n gaps add up to the time from first to last contact; n * squares - sum * sum is n * n
        -- times their variance, in whole numbers.
        totals.contact_day_count - 1 as gap_count,
        sqrt(
            (totals.contact_day_count - 1) * totals.gap_square_sum
            - date_diff('day', totals.first_contact_date, totals.last_contact_date)
            * date_diff('day', totals.first_contact_date, totals.last_contact_date)
        )
        / nullif(
            date_diff('day', totals.first_contact_date, totals.last_contact_date), 0
        ) as gap_variation,
        totals.silent_days,
        -- What the silence that this month's first contact ended looked like just before it.
        cast(totals.first_resumed_number - totals.first_silent_number - 1 as double)
        * (totals.contact_day_count - totals.month_day_count - 1)
        / nullif(totals.first_silent_number - totals.first_start_number, 0) as first_silence_ratio,
        cast(totals.second_resumed_number - totals.second_silent_number - 1 as double)
        * (totals.contact_day_count - totals.month_day_count - 1)
        / nullif(totals.second_silent_number - totals.second_start_number, 0)
            as second_silence_ratio,
        coalesce(
            totals.first_there_date < totals.resumed_date
            and totals.first_back_date < totals.resumed_date,
            false
        ) as was_mutual,
        -- What had passed before this month, as it stood when the silence ended.
        strength_histories.strength_before
        * power(
            2.0,
            date_diff('day', totals.resumed_date, strength_histories.as_of_date) / parameters.half_life_days
        ) as strength_before
    from totals
    join staging.wanted_months on wanted_months.month = totals.month
    join staging.strength_histories
        on strength_histories.month = totals.month
        and strength_histories.first_id = totals.first_id
        and strength_histories.second_id = totals.second_id
    cross join staging.parameters
)

select
    rhythms.month,  -- a month with contact
    rhythms.first_id,  -- the person with the smaller id
    rhythms.second_id,  -- the other
    rhythms.as_of_date,  -- the strengths stand as on this date
    rhythms.there_mail_strength,  -- decayed mail of the first to the second, all history
    rhythms.back_mail_strength,  -- decayed mail of the second to the first, all history
    rhythms.meeting_strength,  -- decayed meetings, the same each way, all history
    sqrt(
        (rhythms.there_mail_strength + rhythms.meeting_strength)
        * (rhythms.back_mail_strength + rhythms.meeting_strength)
    ) as strength,  -- geometric mean of both directions; 0 for a one-way tie
    rhythms.first_contact_at,  -- first contact ever; UTC
    rhythms.last_contact_at,  -- last contact so far; UTC
    rhythms.last_contact_date,  -- its day
    case
        when rhythms.first_there_date is not null and rhythms.first_back_date is not null
            then greatest(rhythms.first_there_date, rhythms.first_back_date)
    end as mutual_date,  -- day from which both had turned to each other; null while one-way
    rhythms.contact_day_count,  -- days with contact so far; days
    rhythms.first_end_number,  -- which of the first person's active days the last contact so far was
    rhythms.second_end_number,  -- which of the second person's active days the last contact so far was
    rhythms.first_usual_gap_days,  -- from one contact day to the next in active days of the first person; null for one day; days
    rhythms.second_usual_gap_days,  -- the same in active days of the second person; days
    case
        when rhythms.gap_count >= parameters.burstiness_gap_count then
            (sqrt(rhythms.gap_count + 1) * rhythms.gap_variation - sqrt(rhythms.gap_count - 1))
            / (
                (sqrt(rhythms.gap_count + 1) - 2) * rhythms.gap_variation
                + sqrt(rhythms.gap_count - 1)
            )
    end as burstiness,  -- of the calendar days between contact days so far; -1 a clock, 0 chance, 1 bursts; null below three gaps
    case
        when
            rhythms.silent_days >= parameters.dormant_days
            or rhythms.was_mutual
            and rhythms.silent_days >= parameters.lapsed_days
            and (
                rhythms.strength_before < parameters.min_strength
                or rhythms.first_silence_ratio > parameters.lapsed_silence_ratio
            )
            then rhythms.resumed_date
    end as first_revival_date,  -- day that ended a silence which was lapsed or dormant to the first person; null if none this month
    case
        when
            rhythms.silent_days >= parameters.dormant_days
            or rhythms.was_mutual
            and rhythms.silent_days >= parameters.lapsed_days
            and (
                rhythms.strength_before < parameters.min_strength
                or rhythms.second_silence_ratio > parameters.lapsed_silence_ratio
            )
            then rhythms.resumed_date
    end as second_revival_date  -- the same to the second person
from rhythms
cross join staging.parameters
