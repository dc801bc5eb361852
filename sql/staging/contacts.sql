-- Who gave attention to whom, when, through what, and how much?
--
-- Grain:   month, event_id, channel, from_person_id, to_person_id
-- Check:   weight between 0 and 16
-- Check:   channel in ('mail_to', 'mail_cc', 'mail_bcc', 'meeting')
-- Check:   from_person_id <> to_person_id
-- Check:   participant_count >= 1
-- Source:  recipient discount: Kazienko et al. 2009; Newman 2001, Phys. Rev. E 64:016132
-- Caveat:  contact is not liking, and what leaves no trace in mail or calendar is not seen
-- Version: 2

with mail as (
    select
        messages.sent_at as contact_at,
        messages.sent_date as contact_date,
        messages.month,
        messages.author_id as from_person_id,
        recipients.person_id as to_person_id,
        'mail_' || recipients.role as channel,
        case recipients.role when 'cc' then parameters.cc_weight else 1 end
        / messages.people_count as weight,
        cast(null as double) as hours,
        messages.message_key as event_id,
        messages.thread_key as thread_id,
        messages.is_thread_start,
        messages.people_count as participant_count
    from staging.recipients
    join staging.wanted_months on wanted_months.month = recipients.month
    join staging.messages
        on messages.month = wanted_months.month
        and messages.message_key = recipients.message_key
    cross join staging.parameters
    where messages.left_out_reason is null
),

met as (
    select
        meetings.start_at as contact_at,
        cast(meetings.start_at as date) as contact_date,
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
        on attendances.month = wanted_months.month
        and attendances.meeting_key = meetings.meeting_key
    join staging.attendances as others
        on others.month = wanted_months.month
        and others.meeting_key = meetings.meeting_key
        and others.person_id <> attendances.person_id
    cross join staging.parameters
),

meetings as (
    select
        met.contact_at,
        met.contact_date,
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
        mail.contact_date,
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
        meetings.contact_date,
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
    contacts.contact_date,  -- its day, UTC
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
