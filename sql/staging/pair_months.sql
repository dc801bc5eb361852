-- What did each month add to the history of two people?
--
-- Grain:   month, first_id, second_id
-- Check:   first_id < second_id
-- Check:   contact_day_count between 1 and 31
-- Check:   first_contact_date <= last_contact_date
-- Source:  tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193
-- Version: 1

with numbered as (
    select
        active_days.month,
        active_days.person_id,
        active_days.active_date,
        person_months.active_day_count_before + active_days.number_in_month as day_number
    from staging.active_days
    join staging.wanted_months on wanted_months.month = active_days.month
    join staging.person_months
        on person_months.month = active_days.month
        and person_months.person_id = active_days.person_id
),

days as (
    select
        pair_days.month,
        wanted_months.as_of_date,
        pair_days.first_id,
        pair_days.second_id,
        pair_days.contact_date,
        pair_days.first_contact_at,
        pair_days.last_contact_at,
        pair_days.there_mail_weight,
        pair_days.back_mail_weight,
        pair_days.meeting_weight,
        pair_days.there_mail_count + pair_days.meeting_count > 0 as is_there,
        pair_days.back_mail_count + pair_days.meeting_count > 0 as is_back,
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
        ) as gap_days,
        firsts.day_number as first_day_number,
        seconds.day_number as second_day_number
    from staging.pair_days
    join staging.wanted_months on wanted_months.month = pair_days.month
    join numbered as firsts
        on firsts.month = pair_days.month
        and firsts.person_id = pair_days.first_id
        and firsts.active_date = pair_days.contact_date
    join numbered as seconds
        on seconds.month = pair_days.month
        and seconds.person_id = pair_days.second_id
        and seconds.active_date = pair_days.contact_date
    cross join staging.parameters
)

select
    days.month,  -- month of the contacts
    days.first_id,  -- the person with the smaller id
    days.second_id,  -- the other
    days.as_of_date,  -- the decayed sums below stand as on this date
    sum(cast(round(days.there_mail_weight * days.decay * 1e12) as bigint)) / 1e12 as there_mail_strength,  -- decayed mail of the first to the second
    sum(cast(round(days.back_mail_weight * days.decay * 1e12) as bigint)) / 1e12 as back_mail_strength,  -- decayed mail of the second to the first
    sum(cast(round(days.meeting_weight * days.decay * 1e12) as bigint)) / 1e12 as meeting_strength,  -- decayed meetings, the same each way
    min(days.first_contact_at) as first_contact_at,  -- first contact of the month; UTC
    max(days.last_contact_at) as last_contact_at,  -- last contact of the month; UTC
    min(days.contact_date) as first_contact_date,  -- its day
    max(days.contact_date) as last_contact_date,  -- its day
    min(days.contact_date) filter (where days.is_there) as first_there_date,  -- first day with contact of the first to the second; a meeting is contact both ways
    min(days.contact_date) filter (where days.is_back) as first_back_date,  -- first day with contact of the second to the first
    count(*) as contact_day_count,  -- days with contact; days
    coalesce(cast(sum(days.gap_days * days.gap_days) as bigint), 0) as gap_square_sum,  -- squares of the gaps between these days; days squared
    min(days.first_day_number) as first_start_number,  -- which of the first person's active days the first contact day was
    max(days.first_day_number) as first_end_number,  -- and the last
    min(days.second_day_number) as second_start_number,  -- which of the second person's active days the first contact day was
    max(days.second_day_number) as second_end_number  -- and the last
from days
group by all
