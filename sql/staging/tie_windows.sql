-- What passed between two people in the window that ends with each month?
--
-- Grain:   month, first_id, second_id
-- Check:   first_id < second_id
-- Check:   contact_day_count >= 1
-- Version: 1

with windows as (
    select
        wanted_months.month,
        wanted_months.window_start_date,
        cast(date_trunc('month', wanted_months.window_start_date) as date) as first_month
    from staging.wanted_months
),

-- A window is the months that it reaches into, less the days of the first of them before it begins.
-- Those are few, so hardly any day is read again for each of the windows that it lies in.
early_days as (
    select
        windows.month,
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
        cast(round(contact_days.hours * 1e12) as bigint) as hours
    from staging.contact_days
    join windows
        on windows.first_month = contact_days.month
        and contact_days.contact_date < windows.window_start_date
    where
        contact_days.channel <> 'meeting'
        or contact_days.from_person_id < contact_days.to_person_id
),

parts as (
    select
        windows.month,
        pair_months.first_id,
        pair_months.second_id,
        pair_months.there_mail_count,
        pair_months.back_mail_count,
        cast(round(pair_months.there_mail_weight * 1e12) as bigint) as there_mail_weight,
        cast(round(pair_months.back_mail_weight * 1e12) as bigint) as back_mail_weight,
        pair_months.there_start_count,
        pair_months.back_start_count,
        pair_months.meeting_count,
        cast(round(pair_months.meeting_hours * 1e12) as bigint) as meeting_hours,
        pair_months.contact_day_count
    from staging.pair_months
    join windows on pair_months.month between windows.first_month and windows.month
    union all
    select
        early_days.month,
        early_days.first_id,
        early_days.second_id,
        -cast(sum(case when early_days.is_there then early_days.contact_count else 0 end) as bigint) as there_mail_count,
        -cast(sum(case when early_days.is_back then early_days.contact_count else 0 end) as bigint) as back_mail_count,
        -cast(sum(case when early_days.is_there then early_days.weight else 0 end) as bigint) as there_mail_weight,
        -cast(sum(case when early_days.is_back then early_days.weight else 0 end) as bigint) as back_mail_weight,
        -cast(sum(case when early_days.is_there then early_days.start_count else 0 end) as bigint) as there_start_count,
        -cast(sum(case when early_days.is_back then early_days.start_count else 0 end) as bigint) as back_start_count,
        -cast(sum(case when early_days.is_meeting then early_days.contact_count else 0 end) as bigint) as meeting_count,
        -cast(sum(early_days.hours) as bigint) as meeting_hours,
        -count(distinct early_days.contact_date) as contact_day_count
    from early_days
    group by all
),

totals as (
    select
        parts.month,
        parts.first_id,
        parts.second_id,
        cast(sum(parts.there_mail_count) as bigint) as there_mail_count,
        cast(sum(parts.back_mail_count) as bigint) as back_mail_count,
        sum(parts.there_mail_weight) / 1e12 as there_mail_weight,
        sum(parts.back_mail_weight) / 1e12 as back_mail_weight,
        cast(sum(parts.there_start_count) as bigint) as there_start_count,
        cast(sum(parts.back_start_count) as bigint) as back_start_count,
        cast(sum(parts.meeting_count) as bigint) as meeting_count,
        sum(parts.meeting_hours) / 1e12 as meeting_hours,
        cast(sum(parts.contact_day_count) as bigint) as contact_day_count
    from parts
    group by all
)

select
    totals.month,  -- month whose end the window ends with
    totals.first_id,  -- the person with the smaller id
    totals.second_id,  -- the other
    totals.there_mail_count,  -- messages of the first to the second
    totals.back_mail_count,  -- messages of the second to the first
    totals.there_mail_weight,  -- mail of the first to the second; attention
    totals.back_mail_weight,  -- mail of the second to the first; attention
    totals.there_start_count,  -- threads that the first began with a message To the second
    totals.back_start_count,  -- threads that the second began with a message To the first
    totals.meeting_count,  -- meetings with both
    totals.meeting_hours,  -- time together in meetings; hours
    totals.contact_day_count  -- days with contact; days
from totals
where totals.contact_day_count > 0
