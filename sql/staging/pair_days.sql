-- What passed between two people on each day, in both directions?
--
-- Grain:   month, first_id, second_id, contact_date
-- Check:   first_id < second_id
-- Check:   there_mail_weight >= 0
-- Check:   back_mail_weight >= 0
-- Check:   meeting_weight >= 0
-- Caveat:  a meeting is two contacts of equal weight, one each way, and stands here once
-- Version: 1

with sides as (
    select
        contact_days.month,
        contact_days.from_person_id as first_id,
        contact_days.to_person_id as second_id,
        contact_days.contact_date,
        contact_days.channel <> 'meeting' as is_there,
        false as is_back,
        contact_days.channel = 'meeting' as is_meeting,
        contact_days.channel = 'mail_to' as is_direct,
        cast(round(contact_days.weight * 1e12) as bigint) as weight,
        contact_days.contact_count,
        contact_days.thread_start_count,
        cast(round(contact_days.hours * 1e12) as bigint) as hours,
        contact_days.first_contact_at,
        contact_days.last_contact_at
    from staging.contact_days
    join staging.wanted_months on wanted_months.month = contact_days.month
    where contact_days.from_person_id < contact_days.to_person_id
    union all
    select
        contact_days.month,
        contact_days.to_person_id as first_id,
        contact_days.from_person_id as second_id,
        contact_days.contact_date,
        false as is_there,
        true as is_back,
        false as is_meeting,
        contact_days.channel = 'mail_to' as is_direct,
        cast(round(contact_days.weight * 1e12) as bigint) as weight,
        contact_days.contact_count,
        contact_days.thread_start_count,
        cast(0 as bigint) as hours,
        contact_days.first_contact_at,
        contact_days.last_contact_at
    from staging.contact_days
    join staging.wanted_months on wanted_months.month = contact_days.month
    where
        contact_days.from_person_id > contact_days.to_person_id
        and contact_days.channel <> 'meeting'
)

select
    sides.month,  -- month of the day
    sides.first_id,  -- the person with the smaller id
    sides.second_id,  -- the other
    sides.contact_date,  -- the day, UTC
    sum(case when sides.is_there then sides.weight else 0 end) / 1e12 as there_mail_weight,  -- mail of the first to the second; attention
    sum(case when sides.is_back then sides.weight else 0 end) / 1e12 as back_mail_weight,  -- mail of the second to the first; attention
    sum(case when sides.is_meeting then sides.weight else 0 end) / 1e12 as meeting_weight,  -- meetings, the same each way; attention
    cast(sum(case when sides.is_there then sides.contact_count else 0 end) as bigint) as there_mail_count,  -- messages of the first to the second
    cast(sum(case when sides.is_back then sides.contact_count else 0 end) as bigint) as back_mail_count,  -- messages of the second to the first
    cast(
        sum(case when sides.is_there and sides.is_direct then sides.thread_start_count else 0 end)
        as bigint
    ) as there_start_count,  -- threads that the first began with a message To the second
    cast(
        sum(case when sides.is_back and sides.is_direct then sides.thread_start_count else 0 end)
        as bigint
    ) as back_start_count,  -- threads that the second began with a message To the first
    cast(sum(case when sides.is_meeting then sides.contact_count else 0 end) as bigint) as meeting_count,  -- meetings with both
    sum(sides.hours) / 1e12 as meeting_hours,  -- time together in meetings; hours
    min(sides.first_contact_at) as first_contact_at,  -- first of the day; UTC
    max(sides.last_contact_at) as last_contact_at  -- last of the day; UTC
from sides
group by all
