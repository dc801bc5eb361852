-- How much does each mailbox hold of each month, and how much of it makes contact?
--
-- Grain:   month, mailbox_id
-- Check:   message_count = message_contact_count + message_left_out_count
-- Check:   meeting_count = meeting_contact_count + meeting_left_out_count
-- Check:   first_at <= last_at
-- Check:   busiest_day_count <= message_count
-- Warn:    has rows
-- Warn:    no single day of more than 500 messages holds most of a month of a mailbox:
--          busiest_day_count <= 500 or busiest_day_count <= 0.5 * message_count
-- Caveat:  counts copies; metrics.coverage_reasons says why some make no contact
-- Caveat:  the totals are counted where the copies are stored, the parts from their reasons: nothing
--          may be lost between
-- Caveat:  mail that was moved from elsewhere may be dated on the day of its move: where most of a
--          busy month stands on one day, that day is no day of contact, and a check warns
-- Version: 2
--
-- Topic:   What is missing?
-- High:    message_count, meeting_count: the mailbox holds much of the month
-- Low:     message_count, meeting_count: little was read, or little happened: compare with other
--          months
-- High:    message_contact_count, meeting_contact_count: most is contact between people
-- Low:     message_contact_count, meeting_contact_count: most comes from machines and lists, or
--          goes to crowds
-- High:    busiest_day_count: nearly message_count: the mailbox was filled on that day, by a move
-- Low:     busiest_day_count: mail comes on many days, as it does
-- High:    message_left_out_count, meeting_left_out_count: much makes no contact; coverage_reasons
--          says why
-- Low:     message_left_out_count, meeting_left_out_count: nearly everything makes contact

with days as (
    select
        wanted_months.month,
        messages.mailbox_id,
        messages.sent_date,
        min(messages.sent_at) as first_at,
        max(messages.sent_at) as last_at,
        count(*) as message_count
    from raw.messages
    join staging.wanted_months
        on wanted_months.month = date_trunc('month', messages.sent_date)
        and messages.sent_date >= wanted_months.month
        and messages.sent_at < wanted_months.as_of
    group by wanted_months.month, messages.mailbox_id, messages.sent_date
),

stored as (
    select
        days.month,
        days.mailbox_id,
        days.first_at,
        days.last_at,
        days.message_count,
        0 as meeting_count
    from days
    union all
    select
        wanted_months.month,
        events.mailbox_id,
        min(events.start_at) as first_at,
        max(events.start_at) as last_at,
        0 as message_count,
        count(*) as meeting_count
    from raw.events
    join staging.wanted_months
        on events.start_at >= cast(wanted_months.month as timestamptz)
        and events.start_at < wanted_months.as_of
    group by wanted_months.month, events.mailbox_id
),

totals as (
    select
        stored.month,
        stored.mailbox_id,
        min(stored.first_at) as first_at,
        max(stored.last_at) as last_at,
        cast(sum(stored.message_count) as bigint) as message_count,
        max(stored.message_count) as busiest_day_count,
        cast(sum(stored.meeting_count) as bigint) as meeting_count
    from stored
    group by stored.month, stored.mailbox_id
),

parts as (
    select
        coverage_reasons.month,
        coverage_reasons.mailbox_id,
        sum(
            case
                when coverage_reasons.source = 'mail' and coverage_reasons.outcome = 'contact'
                    then coverage_reasons.copy_count
                else 0
            end
        ) as message_contact_count,
        sum(
            case
                when coverage_reasons.source = 'mail' and coverage_reasons.outcome <> 'contact'
                    then coverage_reasons.copy_count
                else 0
            end
        ) as message_left_out_count,
        sum(
            case
                when coverage_reasons.source = 'calendar' and coverage_reasons.outcome = 'contact'
                    then coverage_reasons.copy_count
                else 0
            end
        ) as meeting_contact_count,
        sum(
            case
                when coverage_reasons.source = 'calendar' and coverage_reasons.outcome <> 'contact'
                    then coverage_reasons.copy_count
                else 0
            end
        ) as meeting_left_out_count
    from metrics.coverage_reasons
    join staging.wanted_months on wanted_months.month = coverage_reasons.month
    group by coverage_reasons.month, coverage_reasons.mailbox_id
)

select
    totals.month,  -- the month
    totals.mailbox_id,  -- the mailbox or archive
    mailboxes.person_id,  -- whose it is; null for the archive of a list
    totals.first_at,  -- its first message or meeting of the month; UTC
    totals.last_at,  -- its last; UTC
    totals.message_count,  -- copies of messages it holds; copies
    cast(coalesce(parts.message_contact_count, 0) as bigint) as message_contact_count,  -- of these, copies of messages that make contact; copies
    cast(coalesce(parts.message_left_out_count, 0) as bigint) as message_left_out_count,  -- of these, copies of messages that make none; copies
    totals.meeting_count,  -- copies of calendar entries that it holds; copies
    cast(coalesce(parts.meeting_contact_count, 0) as bigint) as meeting_contact_count,  -- of these, copies of meetings that make contact; copies
    cast(coalesce(parts.meeting_left_out_count, 0) as bigint) as meeting_left_out_count,  -- of these, copies of entries that make none; copies
    cast(
        date_trunc('month', cast(mailboxes.settled_at as date) - cast(1 as integer)) as date
    ) as first_settled_month,  -- first month at whose end the mailbox can say what is new
    totals.busiest_day_count  -- of the messages, copies dated to the one day with most; copies
from totals
left join parts
    on parts.month = totals.month
    and parts.mailbox_id = totals.mailbox_id
left join staging.mailboxes on mailboxes.mailbox_id = totals.mailbox_id
