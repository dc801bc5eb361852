-- What did each month add to the history of two people?
--
-- Grain:   month, first_id, second_id
-- Check:   first_id < second_id
-- Check:   contact_day_count between 1 and 31
-- Check:   first_contact_date <= last_contact_date
-- Source:  tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193
-- Version: 1

with days as (
    select
        pair_days.month,
        wanted_months.as_of_date,
        pair_days.first_id,
        pair_days.second_id,
        pair_days.contact_date,
        pair_days.first_contact_at,
        pair_days.last_contact_at,
        cast(round(pair_days.there_mail_weight * 1e12) as bigint) as there_mail_weight,
        cast(round(pair_days.back_mail_weight * 1e12) as bigint) as back_mail_weight,
        pair_days.meeting_weight,
        pair_days.there_mail_count,
        pair_days.back_mail_count,
        pair_days.there_start_count,
        pair_days.back_start_count,
        pair_days.meeting_count,
        cast(round(pair_days.meeting_hours * 1e12) as bigint) as meeting_hours,
        power(
            2.0,
            -date_diff('day', pair_days.contact_date, wanted_months.as_of_date)
            / parameters.half_life_days
        ) as decay,
        date_diff(
            'day',
            lag(pair_days.contact_date) over (
                partition by pair_days.month, pair_days.first_id, pair_days.second_id
                order by pair_days.contact_date
            ),
            pair_days.contact_date
        ) as gap_days
    from staging.pair_days
    join staging.wanted_months on wanted_months.month = pair_days.month
    cross join staging.parameters
),

totals as (
    select
        days.month,
        days.first_id,
        days.second_id,
        days.as_of_date,
        sum(cast(round(days.there_mail_weight / 1e12 * days.decay * 1e12) as bigint)) / 1e12 as there_mail_strength,
        sum(cast(round(days.back_mail_weight / 1e12 * days.decay * 1e12) as bigint)) / 1e12 as back_mail_strength,
        sum(cast(round(days.meeting_weight * days.decay * 1e12) as bigint)) / 1e12 as meeting_strength,
        sum(days.there_mail_weight) / 1e12 as there_mail_weight,
        sum(days.back_mail_weight) / 1e12 as back_mail_weight,
        cast(sum(days.there_mail_count) as bigint) as there_mail_count,
        cast(sum(days.back_mail_count) as bigint) as back_mail_count,
        cast(sum(days.there_start_count) as bigint) as there_start_count,
        cast(sum(days.back_start_count) as bigint) as back_start_count,
        cast(sum(days.meeting_count) as bigint) as meeting_count,
        sum(days.meeting_hours) / 1e12 as meeting_hours,
        min(days.first_contact_at) as first_contact_at,
        max(days.last_contact_at) as last_contact_at,
        min(days.contact_date) as first_contact_date,
        max(days.contact_date) as last_contact_date,
        min(days.contact_date) filter (where days.there_mail_count + days.meeting_count > 0) as first_there_date,
        min(days.contact_date) filter (where days.back_mail_count + days.meeting_count > 0) as first_back_date,
        count(*) as contact_day_count,
        coalesce(cast(sum(days.gap_days * days.gap_days) as bigint), 0) as gap_square_sum
    from days
    group by all
),

numbered as (
    select
        active_days.month,
        active_days.person_id,
        active_days.day_bits,
        person_months.active_day_count_before
    from staging.active_days
    join staging.wanted_months on wanted_months.month = active_days.month
    join staging.person_months
        on person_months.month = active_days.month
        and person_months.person_id = active_days.person_id
)

select
    totals.month,  -- month of the contacts
    totals.first_id,  -- the person with the smaller id
    totals.second_id,  -- the other
    totals.as_of_date,  -- the decayed sums below stand as on this date
    totals.there_mail_strength,  -- decayed mail of the first to the second
    totals.back_mail_strength,  -- decayed mail of the second to the first
    totals.meeting_strength,  -- decayed meetings, the same each way
    totals.there_mail_weight,  -- mail of the first to the second; attention
    totals.back_mail_weight,  -- mail of the second to the first; attention
    totals.there_mail_count,  -- messages of the first to the second
    totals.back_mail_count,  -- messages of the second to the first
    totals.there_start_count,  -- threads that the first began with a message To the second
    totals.back_start_count,  -- threads that the second began with a message To the first
    totals.meeting_count,  -- meetings with both
    totals.meeting_hours,  -- time together in meetings; hours
    totals.first_contact_at,  -- first contact of the month; UTC
    totals.last_contact_at,  -- last contact of the month; UTC
    totals.first_contact_date,  -- its day
    totals.last_contact_date,  -- its day
    totals.first_there_date,  -- first day with contact of the first to the second; a meeting is contact both ways
    totals.first_back_date,  -- first day with contact of the second to the first
    totals.contact_day_count,  -- days with contact; days
    totals.gap_square_sum,  -- squares of the gaps between these days; days squared
    firsts.active_day_count_before
    + bit_count(firsts.day_bits & ((cast(1 as bigint) << day(totals.first_contact_date)) - 1))
        as first_start_number,  -- which of the first person's active days the first contact day was
    firsts.active_day_count_before
    + bit_count(firsts.day_bits & ((cast(1 as bigint) << day(totals.last_contact_date)) - 1))
        as first_end_number,  -- and the last
    seconds.active_day_count_before
    + bit_count(seconds.day_bits & ((cast(1 as bigint) << day(totals.first_contact_date)) - 1))
        as second_start_number,  -- which of the second person's active days the first contact day was
    seconds.active_day_count_before
    + bit_count(seconds.day_bits & ((cast(1 as bigint) << day(totals.last_contact_date)) - 1))
        as second_end_number  -- and the last
from totals
join numbered as firsts
    on firsts.month = totals.month
    and firsts.person_id = totals.first_id
join numbered as seconds
    on seconds.month = totals.month
    and seconds.person_id = totals.second_id
