-- What passed between two people on each day, in both directions?
--
-- Grain:   month, first_id, second_id, contact_date
-- Check:   first_id < second_id
-- Check:   there_mail_weight >= 0
-- Check:   back_mail_weight >= 0
-- Check:   meeting_weight >= 0
-- Caveat:  a meeting is two contacts of equal weight, one each way, and stands here once
-- Version: 1

with passed as (
    select
        contact_days.month,
        least(contact_days.from_person_id, contact_days.to_person_id) as first_id,
        greatest(contact_days.from_person_id, contact_days.to_person_id) as second_id,
        contact_days.contact_date,
        case
            when contact_days.channel = 'meeting' then 'meeting'
            when contact_days.from_person_id < contact_days.to_person_id then 'there'
            else 'back'
        end as way,
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
)

select
    passed.month,  -- month of the day
    passed.first_id,  -- the person with the smaller id
    passed.second_id,  -- the other
    passed.contact_date,  -- the day, UTC
    sum(case when passed.way = 'there' then passed.weight else 0 end) / 1e12 as there_mail_weight,  -- mail of the first to the second; attention
    sum(case when passed.way = 'back' then passed.weight else 0 end) / 1e12 as back_mail_weight,  -- mail of the second to the first; attention
    sum(case when passed.way = 'meeting' then passed.weight else 0 end) / 1e12 as meeting_weight,  -- meetings, the same each way; attention
    cast(sum(case when passed.way = 'there' then passed.contact_count else 0 end) as bigint) as there_mail_count,  -- messages of the first to the second
    cast(sum(case when passed.way = 'back' then passed.contact_count else 0 end) as bigint) as back_mail_count,  -- messages of the second to the first
    cast(sum(case when passed.way = 'there' then passed.start_count else 0 end) as bigint) as there_start_count,  -- threads that the first began with a message To the second
    cast(sum(case when passed.way = 'back' then passed.start_count else 0 end) as bigint) as back_start_count,  -- threads that the second began with a message To the first
    cast(sum(case when passed.way = 'meeting' then passed.contact_count else 0 end) as bigint) as meeting_count,  -- meetings with both
    sum(passed.hours) / 1e12 as meeting_hours,  -- time together in meetings; hours
    min(passed.first_contact_at) as first_contact_at,  -- first of the day; UTC
    max(passed.last_contact_at) as last_contact_at  -- last of the day; UTC
from passed
group by all
