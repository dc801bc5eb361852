-- What became of each mailbox's messages and meetings, and why do some make no contact?
--
-- Grain:   month, mailbox_id, source, outcome
-- Check:   source in ('mail', 'calendar')
-- Check:   outcome in ('contact', 'no_author', 'author_hidden', 'author_is_robot', 'author_is_list', 'author_is_room', 'author_is_group', 'of_calendar', 'automated', 'broadcast', 'no_address', 'to_self', 'to_nobody', 'cancelled', 'focus_time', 'out_of_office', 'working_location', 'birthday', 'other_kind', 'all_day', 'free', 'no_duration', 'alone', 'crowd', 'moved')
-- Check:   copy_count >= 1
-- Caveat:  counts copies, so a message in three mailboxes counts in each of them; contact is counted
--          once
-- Caveat:  what could not be read or was no mail at all (drafts, spam) is in kith status, not here
-- Version: 1
--
-- Topic:   What is missing?
-- High:    copy_count: this outcome is frequent
-- Low:     copy_count: it is rare
-- Values:  outcome: explained with an example each in people-and-contacts.md; moved: the copy of
--          the organiser puts the meeting into a later month, which counts it

with letters as (
    select
        wanted_months.month,
        messages.mailbox_id,
        coalesce(misnamed_copies.message_key, messages.message_key) as message_key
    from raw.messages
    join staging.wanted_months
        on wanted_months.month = date_trunc('month', messages.sent_date)
        and messages.sent_date >= wanted_months.month
        and messages.sent_at < wanted_months.as_of
    left join staging.misnamed_copies
        on misnamed_copies.month = wanted_months.month
        and misnamed_copies.copy_key = messages.copy_key
),

-- The message may be of an earlier month than a late copy of it.
mail as (
    select
        letters.month,
        letters.mailbox_id,
        case
            when messages.message_key is null then 'unexplained'
            else coalesce(messages.left_out_reason, 'contact')
        end as outcome
    from letters
    left join staging.messages on messages.message_key = letters.message_key
),

entries as (
    select
        wanted_months.month,
        events.mailbox_id,
        events.meeting_key
    from raw.events
    join staging.wanted_months
        on events.start_at >= cast(wanted_months.month as timestamptz)
        and events.start_at < wanted_months.as_of
),

calendars as (
    select
        entries.month,
        entries.mailbox_id,
        case
            when meetings.meeting_key is null then 'moved'
            else coalesce(meetings.left_out_reason, 'contact')
        end as outcome
    from entries
    left join staging.meetings
        on meetings.meeting_key = entries.meeting_key
        and meetings.month <= entries.month
),

outcomes as (
    select
        mail.month,
        mail.mailbox_id,
        'mail' as source,
        mail.outcome
    from mail
    union all
    select
        calendars.month,
        calendars.mailbox_id,
        'calendar' as source,
        calendars.outcome
    from calendars
)

-- moved: the organiser's copy puts the meeting into a later month, which counts it.
select
    outcomes.month,  -- month of the copy
    outcomes.mailbox_id,  -- whose copies
    outcomes.source,  -- mail, calendar
    outcomes.outcome,  -- contact, or why it makes none
    count(*) as copy_count  -- copies in the mailbox with that outcome; copies
from outcomes
group by outcomes.month, outcomes.mailbox_id, outcomes.source, outcomes.outcome
