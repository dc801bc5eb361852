-- Which calendar entries are meetings that count, and why do the others not?
--
-- Grain:   month, meeting_key
-- Check:   participant_count >= 0
-- Check:   left_out_reason in ('cancelled', 'focus_time', 'out_of_office', 'working_location', 'birthday', 'other_kind', 'all_day', 'free', 'no_duration', 'alone', 'crowd')
-- Caveat:  the first reason that fits is given
-- Caveat:  a crowd is counted over those present; whoever has not answered is not there
-- Version: 1

with counted as (
    select
        presences.month,
        presences.meeting_key,
        count(*) as participant_count
    from staging.presences
    join staging.wanted_months on wanted_months.month = presences.month
    group by all
),

sized as (
    select
        occurrences.month,
        occurrences.meeting_key,
        occurrences.series_key,
        occurrences.start_at,
        occurrences.end_at,
        occurrences.is_all_day,
        occurrences.is_cancelled,
        occurrences.kind,
        occurrences.is_busy,
        coalesce(counted.participant_count, 0) as participant_count
    from staging.occurrences
    join staging.wanted_months on wanted_months.month = occurrences.month
    left join counted
        on counted.month = occurrences.month
        and counted.meeting_key = occurrences.meeting_key
)

select
    sized.month,  -- month it began in
    sized.meeting_key,  -- the occurrence, the same on every calendar
    sized.series_key,  -- the series it belongs to
    sized.start_at,  -- when it began; UTC
    sized.end_at,  -- when it ended; UTC
    sized.participant_count,  -- who accepted, is tentative or organised; people
    case
        when sized.is_cancelled then 'cancelled'
        when sized.kind in ('focus_time', 'out_of_office', 'working_location', 'birthday') then sized.kind
        when sized.kind <> 'default' then 'other_kind'
        when sized.is_all_day then 'all_day'
        when not sized.is_busy then 'free'
        when sized.end_at <= sized.start_at then 'no_duration'
        when sized.participant_count < 2 then 'alone'
        when sized.participant_count > parameters.crowd_size then 'crowd'
    end as left_out_reason  -- why it makes no contact; null where it does
from sized
cross join staging.parameters
