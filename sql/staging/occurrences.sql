-- Which calendar entries took place, once each however many calendars hold a copy?
--
-- Grain:   month, meeting_key
-- Check:   start_at is not null
-- Caveat:  the organiser's copy is believed, else the newest revision; where copies begin in
--          different months, the believed one alone says which, even from a later month
-- Caveat:  whether the time is blocked is everybody's own; a calendar shows what its owner declined as
--          free, so without the organiser's copy one that blocks it is enough
-- Version: 2

-- Example: a Tuesday meeting of a series has a copy on five calendars, two at Google and three at
-- Microsoft. Both vendors know the series by one UID and the occurrence by where the series first
-- put it, so all five have one meeting_key, also after it was moved to Wednesday.

-- Whole meetings are needed even where only one of their copies begins in a wanted month.
with candidates as (
    select distinct events.meeting_key
    from raw.events
    join staging.wanted_months
        on events.start_at >= cast(wanted_months.month as timestamptz)
        and events.start_at < wanted_months.as_of
),

copies as (
    select
        events.mailbox_id,
        events.calendar_id,
        events.event_id,
        events.meeting_key,
        events.series_key,
        events.start_at,
        events.end_at,
        events.is_all_day,
        -- An entry that vanishes afterwards took place; one that vanishes before did not.
        events.status = 'cancelled'
        or coalesce(events.deleted_at < events.start_at, false) as is_cancelled,
        coalesce(events.deleted_at < events.start_at, false) as is_removed,
        events.kind,
        events.is_busy,
        events.organizer_key,
        events.attendees,
        events.sequence,
        events.updated_at,
        coalesce(mailboxes.person_id = organizers.person_id, false) as is_organizers
    from raw.events
    left join staging.mailboxes on mailboxes.mailbox_id = events.mailbox_id
    left join staging.addresses as organizers on organizers.address_key = events.organizer_key
    where events.meeting_key in (
        select candidates.meeting_key
        from candidates
    )
),

ranked as (
    select
        copies.meeting_key,
        copies.series_key,
        copies.start_at,
        copies.end_at,
        copies.is_all_day,
        copies.is_cancelled,
        copies.kind,
        case
            when copies.is_organizers then copies.is_busy
            else max(cast(copies.is_busy as integer)) over (partition by copies.meeting_key) > 0
        end as is_busy,
        copies.organizer_key,
        copies.attendees,
        row_number() over (
            partition by copies.meeting_key
            order by
                copies.is_organizers desc,
                copies.is_removed,
                copies.sequence desc nulls last,
                copies.updated_at desc nulls last,
                array_length(copies.attendees) desc nulls last,
                copies.mailbox_id,
                copies.calendar_id,
                copies.event_id
        ) as place
    from copies
)

select
    wanted_months.month,  -- month it began in
    ranked.meeting_key,  -- the occurrence, the same on every calendar
    ranked.series_key,  -- the series it belongs to
    ranked.start_at,  -- when it began; UTC
    ranked.end_at,  -- when it ended; UTC
    ranked.is_all_day,  -- a date instead of an hour
    ranked.is_cancelled,  -- cancelled, or deleted before it began
    ranked.kind,  -- default, or what the calendar says it is instead
    ranked.is_busy,  -- whether it blocks the time
    ranked.organizer_key,  -- address of who called it
    ranked.attendees  -- addresses invited, with their answers
from ranked
join staging.wanted_months
    on ranked.start_at >= cast(wanted_months.month as timestamptz)
    and ranked.start_at < wanted_months.as_of
where ranked.place = 1
