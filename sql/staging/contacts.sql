-- Who gave attention to whom, when, through what, and how much?
--
-- Grain:   month, event_id, channel, from_person_id, to_person_id
-- Check:   weight between 0 and 16
-- Check:   channel in ('mail_to', 'mail_cc', 'mail_bcc', 'meeting')
-- Check:   from_person_id <> to_person_id
-- Check:   participant_count >= 1
-- Source:  recipient discount: Kazienko et al. 2009; Newman 2001, Phys. Rev. E 64:016132
-- Caveat:  contact is not liking, and what leaves no trace in mail or calendar is not seen
-- Version: 1

with written as (
    select
        messages.month,
        messages.message_key,
        messages.sent_at,
        messages.author_id,
        messages.thread_key,
        messages.is_thread_start
    from staging.messages
    join staging.wanted_months on wanted_months.month = messages.month
    cross join staging.parameters
    where
        messages.author_id is not null
        and not messages.is_automated
        and messages.address_count <= parameters.crowd_size
),

audiences as (
    select
        recipients.month,
        recipients.message_key,
        count(*) as people_count
    from staging.recipients
    join staging.wanted_months on wanted_months.month = recipients.month
    group by all
),

mail as (
    select
        written.sent_at as contact_at,
        written.month,
        written.author_id as from_person_id,
        recipients.person_id as to_person_id,
        'mail_' || recipients.role as channel,
        case recipients.role when 'cc' then parameters.cc_weight else 1 end
        / audiences.people_count as weight,
        cast(null as double) as hours,
        written.message_key as event_id,
        written.thread_key as thread_id,
        written.is_thread_start,
        audiences.people_count as participant_count
    from written
    join staging.recipients
        on recipients.month = written.month
        and recipients.message_key = written.message_key
    join audiences
        on audiences.month = written.month
        and audiences.message_key = written.message_key
    cross join staging.parameters
),

met as (
    select
        meetings.start_at as contact_at,
        meetings.month,
        attendances.person_id as from_person_id,
        others.person_id as to_person_id,
        least(attendances.hours, others.hours, parameters.meeting_hours_cap) as hours,
        meetings.meeting_key as event_id,
        meetings.series_key as thread_id,
        meetings.participant_count
    from staging.meetings
    join staging.wanted_months on wanted_months.month = meetings.month
    join staging.attendances
        on attendances.month = meetings.month
        and attendances.meeting_key = meetings.meeting_key
    join staging.attendances as others
        on others.month = meetings.month
        and others.meeting_key = meetings.meeting_key
        and others.person_id <> attendances.person_id
    cross join staging.parameters
),

meetings as (
    select
        met.contact_at,
        met.month,
        met.from_person_id,
        met.to_person_id,
        'meeting' as channel,
        met.hours * parameters.meeting_hour_weight / (met.participant_count - 1) as weight,
        met.hours,
        met.event_id,
        met.thread_id,
        false as is_thread_start,
        met.participant_count
    from met
    cross join staging.parameters
),

contacts as (
    select
        mail.contact_at,
        mail.month,
        mail.from_person_id,
        mail.to_person_id,
        mail.channel,
        mail.weight,
        mail.hours,
        mail.event_id,
        mail.thread_id,
        mail.is_thread_start,
        mail.participant_count
    from mail
    union all
    select
        meetings.contact_at,
        meetings.month,
        meetings.from_person_id,
        meetings.to_person_id,
        meetings.channel,
        meetings.weight,
        meetings.hours,
        meetings.event_id,
        meetings.thread_id,
        meetings.is_thread_start,
        meetings.participant_count
    from meetings
)

select
    contacts.month,  -- month of the contact
    contacts.contact_at,  -- when the message was sent or the meeting began; UTC
    contacts.from_person_id,  -- who gave attention
    contacts.to_person_id,  -- to whom
    contacts.channel,  -- mail_to, mail_cc, mail_bcc, meeting
    contacts.weight,  -- attention; 1 = one message written to one person
    contacts.hours,  -- time together in the meeting, capped; null for mail; hours
    contacts.event_id,  -- message_key or meeting_key
    contacts.thread_id,  -- thread_key of the message or series_key of the meeting
    contacts.is_thread_start,  -- a message that names no earlier one
    contacts.participant_count  -- people written to, or people in the meeting; people
from contacts
