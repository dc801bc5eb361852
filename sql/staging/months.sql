-- Which months are there, and what is the last instant that each of them knows of?
--
-- Grain:   month
-- Check:   as_of_date > month
-- Check:   window_start_date < as_of_date
-- Caveat:  the running month ends at the UTC midnight at or before the newest complete pull; where
--          all is read from files, after the newest message, or meeting that the files can know to
--          be past. The later of both holds
-- Caveat:  a calendar file reaches into the future; of its meetings those count as past that begin
--          before its newest message or newest change of an entry; a file that has neither is
--          believed to the end
-- Version: 1

with happenings as (
    select messages.sent_date as happened_date
    from raw.messages
    union all
    select cast(events.start_at as date) as happened_date
    from raw.events
    where
        not events.is_all_day
        and events.kind = 'default'
),

-- Only files must be asked how far they reach; a provider's mailbox has pulled_at.
files as (
    select mailboxes.mailbox_id
    from raw.mailboxes
    where
        mailboxes.pulled_at is null
        and mailboxes.provider = 'files'
),

believed as (
    select
        messages.mailbox_id,
        messages.sent_at as happened_at,
        messages.sent_at as known_at,
        false as is_meeting
    from raw.messages
    cross join staging.parameters
    where
        messages.sent_date >= parameters.first_month
        and messages.mailbox_id in (
            select files.mailbox_id
            from files
        )
    union all
    select
        events.mailbox_id,
        events.start_at as happened_at,
        events.updated_at as known_at,
        true as is_meeting
    from raw.events
    cross join staging.parameters
    where
        not events.is_all_day
        and events.kind = 'default'
        and events.start_at >= cast(parameters.first_month as timestamptz)
        and events.mailbox_id in (
            select files.mailbox_id
            from files
        )
),

written as (
    select
        believed.mailbox_id,
        max(believed.known_at) as written_at
    from believed
    group by believed.mailbox_id
),

reaching as (
    -- Meetings still to come must not move the running month into the future.
    select max(believed.happened_at) as happened_at
    from believed
    join written on written.mailbox_id = believed.mailbox_id
    where
        not believed.is_meeting
        or written.written_at is null
        or believed.happened_at <= written.written_at
),

ends as (
    select max(cast(mailboxes.pulled_at as date)) as end_date
    from raw.mailboxes
    union all
    select cast(reaching.happened_at as date) + 1 as end_date
    from reaching
),

span as (
    select
        max(ends.end_date) as end_date,
        max(year(ends.end_date - 1) * 12 + month(ends.end_date - 1) - 1) as last_number
    from ends
),

first_happening as (
    select min(happenings.happened_date) as happened_date
    from happenings
    cross join staging.parameters
    where happenings.happened_date >= parameters.first_month
),

numbers as (
    select
        unnest(
            range(
                year(first_happening.happened_date) * 12 + month(first_happening.happened_date) - 1,
                span.last_number + 1
            )
        ) as number
    from first_happening
    cross join span
),

calendar as (
    select
        make_date(numbers.number // 12, numbers.number % 12 + 1, 1) as month,
        make_date((numbers.number + 1) // 12, (numbers.number + 1) % 12 + 1, 1) as next_month,
        span.end_date
    from numbers
    cross join span
),

ended as (
    select
        calendar.month,
        calendar.next_month,
        least(calendar.next_month, calendar.end_date) as as_of_date
    from calendar
)

select
    ended.month,  -- first day of the month; date, UTC
    cast(ended.as_of_date as timestamptz) as as_of,  -- only what happened before it counts; UTC
    ended.as_of_date,  -- the same as a date; ages are counted from it
    ended.as_of_date - cast(parameters.window_days as integer) as window_start_date,  -- first day of the window that ends at as_of
    ended.as_of_date = ended.next_month as is_complete  -- false for the running month
from ended
cross join staging.parameters
