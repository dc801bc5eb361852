-- What passed between two people on each day, in both directions?
--
-- Grain:   month, first_id, second_id, contact_date
-- Check:   first_id < second_id
-- Check:   there_mail_weight >= 0
-- Check:   back_mail_weight >= 0
-- Check:   meeting_weight >= 0
-- Version: 1

select
    contact_days.month,  -- month of the day
    least(contact_days.from_person_id, contact_days.to_person_id) as first_id,  -- the person with the smaller id
    greatest(contact_days.from_person_id, contact_days.to_person_id) as second_id,  -- the other
    contact_days.contact_date,  -- the day, UTC
    coalesce(
        sum(cast(round(contact_days.weight * 1e12) as bigint)) filter (
            where contact_days.channel <> 'meeting' and contact_days.from_person_id < contact_days.to_person_id
        ) / 1e12,
        0
    ) as there_mail_weight,  -- mail of the first to the second; attention
    coalesce(
        sum(cast(round(contact_days.weight * 1e12) as bigint)) filter (
            where contact_days.channel <> 'meeting' and contact_days.from_person_id > contact_days.to_person_id
        ) / 1e12,
        0
    ) as back_mail_weight,  -- mail of the second to the first; attention
    -- A meeting is two contacts of equal weight, one each way.
    coalesce(
        sum(cast(round(contact_days.weight * 1e12) as bigint)) filter (
            where contact_days.channel = 'meeting' and contact_days.from_person_id < contact_days.to_person_id
        ) / 1e12,
        0
    ) as meeting_weight,  -- meetings, the same each way; attention
    coalesce(
        cast(sum(contact_days.contact_count) filter (
            where contact_days.channel <> 'meeting' and contact_days.from_person_id < contact_days.to_person_id
        ) as bigint),
        0
    ) as there_mail_count,  -- messages of the first to the second
    coalesce(
        cast(sum(contact_days.contact_count) filter (
            where contact_days.channel <> 'meeting' and contact_days.from_person_id > contact_days.to_person_id
        ) as bigint),
        0
    ) as back_mail_count,  -- messages of the second to the first
    coalesce(
        cast(sum(contact_days.thread_start_count) filter (
            where contact_days.channel = 'mail_to' and contact_days.from_person_id < contact_days.to_person_id
        ) as bigint),
        0
    ) as there_start_count,  -- threads that the first began with a message To the second
    coalesce(
        cast(sum(contact_days.thread_start_count) filter (
            where contact_days.channel = 'mail_to' and contact_days.from_person_id > contact_days.to_person_id
        ) as bigint),
        0
    ) as back_start_count,  -- threads that the second began with a message To the first
    coalesce(
        cast(sum(contact_days.contact_count) filter (
            where contact_days.channel = 'meeting' and contact_days.from_person_id < contact_days.to_person_id
        ) as bigint),
        0
    ) as meeting_count,  -- meetings with both
    coalesce(
        sum(cast(round(contact_days.hours * 1e12) as bigint)) filter (
            where contact_days.channel = 'meeting' and contact_days.from_person_id < contact_days.to_person_id
        ) / 1e12,
        0
    ) as meeting_hours,  -- time together in meetings; hours
    min(contact_days.first_contact_at) as first_contact_at,  -- first of the day; UTC
    max(contact_days.last_contact_at) as last_contact_at  -- last of the day; UTC
from staging.contact_days
join staging.wanted_months on wanted_months.month = contact_days.month
group by all
