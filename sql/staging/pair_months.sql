-- What did each month add to the history of two people?
--
-- Grain:   month, first_id, second_id
-- Check:   first_id < second_id
-- Check:   contact_day_count between 1 and 31
-- Check:   first_contact_date <= last_contact_date
-- Version: 3

-- A meeting is two contacts of equal weight, one each way, and counts here once.
with passed as (
    select
        contact_days.month,
        least(contact_days.from_person_id, contact_days.to_person_id) as first_id,
        greatest(contact_days.from_person_id, contact_days.to_person_id) as second_id,
        contact_days.contact_date,
        contact_days.channel <> 'meeting'
        and contact_days.from_person_id < contact_days.to_person_id as is_there,
        contact_days.channel <> 'meeting'
        and contact_days.from_person_id > contact_days.to_person_id as is_back,
        contact_days.channel = 'meeting' as is_meeting,
        cast(round(contact_days.weight * 1e12) as bigint) as weight,
        contact_days.contact_count,
        case when contact_days.channel = 'mail_to' then contact_days.thread_start_count else 0 end as start_count,
        cast(round(contact_days.hours * 1e12) as bigint) as hours,
        contact_days.first_contact_at,
        contact_days.last_contact_at
    from staging.contact_days
    join staging.wanted_months on wanted_months.month = contact_days.month
    where
        contact_days.channel <> 'meeting'
        or contact_days.from_person_id < contact_days.to_person_id
),

totals as (
    select
        passed.month,
        passed.first_id,
        passed.second_id,
        sum(case when passed.is_there then passed.weight else 0 end) / 1e12 as there_mail_weight,
        sum(case when passed.is_back then passed.weight else 0 end) / 1e12 as back_mail_weight,
        cast(sum(case when passed.is_there then passed.contact_count else 0 end) as bigint) as there_mail_count,
        cast(sum(case when passed.is_back then passed.contact_count else 0 end) as bigint) as back_mail_count,
        cast(sum(case when passed.is_there then passed.start_count else 0 end) as bigint) as there_start_count,
        cast(sum(case when passed.is_back then passed.start_count else 0 end) as bigint) as back_start_count,
        cast(sum(case when passed.is_meeting then passed.contact_count else 0 end) as bigint) as meeting_count,
        sum(passed.hours) / 1e12 as meeting_hours,
        min(passed.first_contact_at) as first_contact_at,
        min(case when passed.is_there then passed.first_contact_at end) as first_there_mail_at,
        min(case when passed.is_back then passed.first_contact_at end) as first_back_mail_at,
        min(case when passed.is_meeting then passed.first_contact_at end) as first_meeting_at,
        max(passed.last_contact_at) as last_contact_at,
        min(passed.contact_date) as first_contact_date,
        max(passed.contact_date) as last_contact_date,
        min(case when not passed.is_back then passed.contact_date end) as first_there_date,
        min(case when not passed.is_there then passed.contact_date end) as first_back_date,
        bit_or(cast(1 as bigint) << (day(passed.contact_date) - 1)) as day_bits
    from passed
    group by all
),

-- The gaps between the days of a month depend on nothing but the days, and most pairs share theirs
-- with others: the 1st, 3rd and 8th are the same gaps for everybody.
patterns as (
    select distinct totals.day_bits
    from totals
),

pattern_gaps as (
    select
        patterns.day_bits,
        days.day - lag(days.day) over (
            partition by patterns.day_bits
            order by days.day
        ) as gap_days
    from patterns
    join (
        select unnest(range(31)) as day
    ) as days on (patterns.day_bits >> days.day) & 1 = 1
),

gap_squares as (
    select
        pattern_gaps.day_bits,
        coalesce(cast(sum(pattern_gaps.gap_days * pattern_gaps.gap_days) as bigint), 0) as gap_square_sum
    from pattern_gaps
    group by pattern_gaps.day_bits
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
    totals.first_there_mail_at,  -- first message of the first to the second; null without any; UTC
    totals.first_back_mail_at,  -- first message of the second to the first; null without any; UTC
    totals.first_meeting_at,  -- first meeting with both; null without any; UTC
    totals.first_contact_date,  -- its day
    totals.last_contact_date,  -- its day
    totals.first_there_date,  -- first day with contact of the first to the second; a meeting is contact both ways
    totals.first_back_date,  -- first day with contact of the second to the first
    cast(bit_count(totals.day_bits) as bigint) as contact_day_count,  -- days with contact; days
    gap_squares.gap_square_sum,  -- squares of the gaps between these days; days squared
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
join gap_squares on gap_squares.day_bits = totals.day_bits
join numbered as firsts
    on firsts.month = totals.month
    and firsts.person_id = totals.first_id
join numbered as seconds
    on seconds.month = totals.month
    and seconds.person_id = totals.second_id
