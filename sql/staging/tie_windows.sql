-- What passed between two people in the window that ends with each month?
--
-- Grain:   month, first_id, second_id
-- Check:   first_id < second_id
-- Check:   contact_day_count >= 1
-- Version: 1

with days as (
    select
        wanted_months.month,
        wanted_months.window_start_date,
        unnest(range(0, parameters.window_days)) as offset_days
    from staging.wanted_months
    cross join staging.parameters
),

window_days as (
    select
        days.month,
        days.window_start_date + cast(days.offset_days as integer) as contact_date
    from days
)

select
    window_days.month,  -- month whose end the window ends with
    pair_days.first_id,  -- the person with the smaller id
    pair_days.second_id,  -- the other
    cast(sum(pair_days.there_mail_count) as bigint) as there_mail_count,  -- messages of the first to the second
    cast(sum(pair_days.back_mail_count) as bigint) as back_mail_count,  -- messages of the second to the first
    sum(cast(round(pair_days.there_mail_weight * 1e12) as bigint)) / 1e12 as there_mail_weight,  -- mail of the first to the second; attention
    sum(cast(round(pair_days.back_mail_weight * 1e12) as bigint)) / 1e12 as back_mail_weight,  -- mail of the second to the first; attention
    cast(sum(pair_days.there_start_count) as bigint) as there_start_count,  -- threads that the first began with a message To the second
    cast(sum(pair_days.back_start_count) as bigint) as back_start_count,  -- threads that the second began with a message To the first
    cast(sum(pair_days.meeting_count) as bigint) as meeting_count,  -- meetings with both
    sum(cast(round(pair_days.meeting_hours * 1e12) as bigint)) / 1e12 as meeting_hours,  -- time together in meetings; hours
    count(*) as contact_day_count  -- days with contact; days
from staging.pair_days
join window_days on window_days.contact_date = pair_days.contact_date
group by all
