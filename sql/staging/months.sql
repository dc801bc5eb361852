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
    select
        messages.mailbox_id,
        messages.sent_at as happened_at,
        messages.sent_at as known_at,
        false as is_meeting
    from raw.messages
    union all
    select
        events.mailbox_id,
        events.start_at as happened_at,
        events.updated_at as known_at,
        true as is_meeting
    from raw.events
    where
        not events.is_all_day
        and events.kind = 'default'
),

believed as (
    select
        happenings.mailbox_id,
        happenings.happened_at,
        happenings.known_at,
        happenings.is_meeting
    from happenings
    cross join staging.parameters
    where happenings.happened_at >= cast(parameters.first_month as timestamptz)
),

written as (
    select
        believed.mailbox_id,
        max(believed.known_at) as written_at
    from believed
    group by believed.mailbox_id
),

ends as (
    select max(cast(mailboxes.pulled_at as date)) as end_date
    from raw.mailboxes
    union all
    -- Meetings still to come must not move the running month into the future.
    select max(cast(believed.happened_at as date)) + 1 as end_date
    from believed
    join written on written.mailbox_id = believed.mailbox_id
    left join raw.mailboxes on mailboxes.mailbox_id = believed.mailbox_id
    where
        mailboxes.pulled_at is null
        and coalesce(mailboxes.provider, 'files') = 'files'
        and (
            not believed.is_meeting
            or written.written_at is null
            or believed.happened_at <= written.written_at
        )
),

span as (
    select
        max(ends.end_date) as end_date,
        max(year(ends.end_date - 1) * 12 + month(ends.end_date - 1) - 1) as last_number
    from ends
),

first_happening as (
    select min(year(believed.happened_at) * 12 + month(believed.happened_at) - 1) as first_number
    from believed
),

numbers as (
    select unnest(range(first_happening.first_number, span.last_number + 1)) as number
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
