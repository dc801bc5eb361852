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
        windows.month,
        pair_days.first_id,
        pair_days.second_id,
        -pair_days.there_mail_count as there_mail_count,
        -pair_days.back_mail_count as back_mail_count,
        -cast(round(pair_days.there_mail_weight * 1e12) as bigint) as there_mail_weight,
        -cast(round(pair_days.back_mail_weight * 1e12) as bigint) as back_mail_weight,
        -pair_days.there_start_count as there_start_count,
        -pair_days.back_start_count as back_start_count,
        -pair_days.meeting_count as meeting_count,
        -cast(round(pair_days.meeting_hours * 1e12) as bigint) as meeting_hours,
        -1 as contact_day_count
    from staging.pair_days
    join windows
        on windows.first_month = pair_days.month
        and pair_days.contact_date < windows.window_start_date
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
