-- How many hours did each person give to each meeting?
--
-- Grain:   month, meeting_key, person_id
-- Check:   hours >= 0
-- Source:  kith's own: a minute in which a person sits in m meetings counts 1/m
-- Caveat:  only meetings that count and that began before the month's end share a minute: an
--          earlier month does not know of a meeting that begins in the next
-- Version: 1

-- Example: 10:00 to 11:00 and 10:30 to 12:00. The half hour in both counts a quarter to each, so
-- the first has .5 + .25 = .75 hours and the second .25 + 1 = 1.25, together the two that passed.

with counting as (
    select
        meetings.month,
        wanted_months.month as wanted_month,
        meetings.meeting_key,
        meetings.start_at,
        meetings.end_at,
        true as is_of_month
    from staging.meetings
    join staging.wanted_months on wanted_months.month = meetings.month
    where meetings.left_out_reason is null
    union all
    -- Meetings of earlier months that reach into this one.
    select
        meetings.month,
        wanted_months.month as wanted_month,
        meetings.meeting_key,
        meetings.start_at,
        meetings.end_at,
        false as is_of_month
    from staging.meetings
    join staging.wanted_months
        on wanted_months.month > meetings.month
        and meetings.end_at > cast(wanted_months.month as timestamptz)
    where
        meetings.left_out_reason is null
        and meetings.end_at > cast(last_day(meetings.month) + 1 as timestamptz)
),

sat as (
    select
        counting.wanted_month as month,
        counting.meeting_key,
        presences.person_id,
        counting.start_at,
        counting.end_at,
        counting.is_of_month
    from counting
    join staging.presences
        on presences.month = counting.month
        and presences.meeting_key = counting.meeting_key
),

turns as (
    select
        sat.month,
        sat.person_id,
        sat.start_at as turned_at,
        1 as step
    from sat
    union all
    select
        sat.month,
        sat.person_id,
        sat.end_at as turned_at,
        -1 as step
    from sat
),

moments as (
    select
        turns.month,
        turns.person_id,
        turns.turned_at,
        sum(turns.step) as step
    from turns
    group by all
),

stretches as (
    select
        moments.month,
        moments.person_id,
        moments.turned_at,
        sum(moments.step) over in_order as meeting_count,
        lead(moments.turned_at) over in_order as next_turned_at
    from moments
    window in_order as (partition by moments.month, moments.person_id order by moments.turned_at)
),

-- Whole nanoseconds, so that sums do not depend on their order.
shared as (
    select
        stretches.month,
        stretches.person_id,
        stretches.turned_at,
        case
            when stretches.meeting_count > 0 then
                cast(
                    round(
                        date_diff('microsecond', stretches.turned_at, stretches.next_turned_at)
                        * 1e3 / stretches.meeting_count
                    ) as bigint
                )
            else 0
        end as nanoseconds
    from stretches
),

clock as (
    select
        shared.month,
        shared.person_id,
        shared.turned_at,
        coalesce(
            sum(shared.nanoseconds) over (
                partition by shared.month, shared.person_id
                order by shared.turned_at
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as nanoseconds_before
    from shared
)

select
    sat.month,  -- month the meeting began in
    sat.meeting_key,  -- the meeting
    sat.person_id,  -- who sat in it
    cast(ends.nanoseconds_before - starts.nanoseconds_before as double) / 3.6e12 as hours  -- time given to it, double bookings shared out; hours
from sat
join clock as starts
    on starts.month = sat.month
    and starts.person_id = sat.person_id
    and starts.turned_at = sat.start_at
join clock as ends
    on ends.month = sat.month
    and ends.person_id = sat.person_id
    and ends.turned_at = sat.end_at
where sat.is_of_month
