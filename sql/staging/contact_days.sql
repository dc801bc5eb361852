-- How much attention did one person give another on each day, by channel?
--
-- Grain:   month, from_person_id, to_person_id, contact_date, channel
-- Check:   weight >= 0
-- Check:   contact_count >= 1
-- Check:   thread_start_count <= contact_count
-- Version: 1

select
    contacts.month,  -- month of the day
    contacts.from_person_id,  -- who gave attention
    contacts.to_person_id,  -- to whom
    contacts.contact_date,  -- the day, UTC
    contacts.channel,  -- mail_to, mail_cc, mail_bcc, meeting
    sum(cast(round(contacts.weight * 1e12) as bigint)) / 1e12 as weight,  -- attention; 1 = one message written to one person
    count(*) as contact_count,  -- messages or meetings
    count(*) filter (where contacts.is_thread_start) as thread_start_count,  -- messages among them that name no earlier one
    coalesce(sum(cast(round(contacts.hours * 1e12) as bigint)) / 1e12, 0) as hours,  -- time together in meetings; hours
    min(contacts.contact_at) as first_contact_at,  -- first of the day; UTC
    max(contacts.contact_at) as last_contact_at  -- last of the day; UTC
from staging.contacts
join staging.wanted_months on wanted_months.month = contacts.month
group by all
