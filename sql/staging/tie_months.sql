-- What stands between two people at the end of each month in which their tie can matter or change?
--
-- Grain:   month, first_id, second_id
-- Check:   there_mail_strength >= 0
-- Check:   back_mail_strength >= 0
-- Check:   meeting_strength >= 0
-- Check:   strength >= 0
-- Source:  tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193
-- Caveat:  a pair is looked at from its first contact to the month in which it has left the window
--          and grown faint, and in the month in which it turns dormant; nothing else can change
-- Caveat:  a tie is settled once a mailbox of one of the two is; where neither is read, once any is
-- Version: 6

-- All that is the same for both sides of a tie is worked out here, once for the pair.
with wanted as (
    select
        wanted_months.month,
        wanted_months.as_of_date,
        year(wanted_months.month) * 12 + month(wanted_months.month) as number
    from staging.wanted_months
),

bounds as (
    select
        min(wanted.number) as first_number,
        max(wanted.number) as last_number,
        min(wanted.month) as first_month,
        max(wanted.month) as last_month
    from wanted
),

earliest_settlement as (
    select min(cast(mailboxes.settled_at as date)) as settled_date
    from staging.mailboxes
),

-- Of all that lies before the wanted months only the last row of a pair still holds.
earlier as (
    select
        max(pair_histories.month) as month,
        pair_histories.first_id,
        pair_histories.second_id,
        max(pair_histories.first_revival_date) as first_revival_date,
        max(pair_histories.second_revival_date) as second_revival_date
    from staging.pair_histories
    join bounds on pair_histories.month < bounds.first_month
    group by pair_histories.first_id, pair_histories.second_id
),

ends as (
    select
        pair_histories.month as history_month,
        pair_histories.first_id,
        pair_histories.second_id,
        coalesce(earlier.first_revival_date, pair_histories.first_revival_date)
            as first_revival_date,
        coalesce(earlier.second_revival_date, pair_histories.second_revival_date)
            as second_revival_date,
        pair_histories.last_contact_date,
        pair_histories.as_of_date,
        pair_histories.there_mail_strength,
        pair_histories.back_mail_strength,
        pair_histories.meeting_strength,
        pair_histories.strength,
        pair_histories.mutual_date,
        pair_histories.first_contact_at,
        pair_histories.last_contact_at,
        pair_histories.burstiness,
        pair_histories.first_end_number,
        pair_histories.second_end_number,
        pair_histories.first_usual_gap_days,
        pair_histories.second_usual_gap_days,
        greatest(
            pair_histories.last_contact_date + cast(parameters.window_days as integer),
            pair_histories.as_of_date + cast(
                ceil(
                    parameters.half_life_days
                    * log2(greatest(pair_histories.strength / parameters.min_strength, 1))
                ) as integer
            )
        ) as faint_date,
        pair_histories.last_contact_date + cast(parameters.dormant_days as integer) - 1 as dormant_date
    from staging.pair_histories
    join bounds on pair_histories.month <= bounds.last_month
    left join earlier
        on earlier.month = pair_histories.month
        and earlier.first_id = pair_histories.first_id
        and earlier.second_id = pair_histories.second_id
    cross join staging.parameters
    where
        pair_histories.month >= bounds.first_month
        or earlier.month is not null
),

spans as (
    select
        ends.first_id,
        ends.second_id,
        ends.first_revival_date,
        ends.second_revival_date,
        ends.last_contact_date,
        ends.as_of_date,
        ends.there_mail_strength,
        ends.back_mail_strength,
        ends.meeting_strength,
        ends.strength,
        ends.mutual_date,
        ends.first_contact_at,
        ends.last_contact_at,
        ends.burstiness,
        ends.first_end_number,
        ends.second_end_number,
        ends.first_usual_gap_days,
        ends.second_usual_gap_days,
        year(ends.history_month) * 12 + month(ends.history_month) as from_number,
        year(ends.faint_date) * 12 + month(ends.faint_date) + 1 as faint_number,
        year(ends.dormant_date) * 12 + month(ends.dormant_date) as dormant_number
    from ends
),

-- A row of staging.pair_histories holds until the pair's next contact. One that can matter in none
-- of the wanted months is only kept for the day on which a tie was revived.
held as (
    select
        spans.first_id,
        spans.second_id,
        max(spans.first_revival_date) over so_far as first_revival_date,
        max(spans.second_revival_date) over so_far as second_revival_date,
        spans.last_contact_date,
        spans.as_of_date,
        spans.there_mail_strength,
        spans.back_mail_strength,
        spans.meeting_strength,
        spans.strength,
        spans.mutual_date,
        spans.first_contact_at,
        spans.last_contact_at,
        spans.burstiness,
        spans.first_end_number,
        spans.second_end_number,
        spans.first_usual_gap_days,
        spans.second_usual_gap_days,
        spans.from_number,
        spans.faint_number,
        coalesce(lead(spans.from_number) over so_far, bounds.last_number + 1) as until_number,
        spans.dormant_number
    from spans
    cross join bounds
    where
        spans.faint_number > bounds.first_number
        or spans.dormant_number between bounds.first_number and bounds.last_number
        or spans.first_revival_date is not null
        or spans.second_revival_date is not null
    window so_far as (
        partition by spans.first_id, spans.second_id
        order by spans.from_number
    )
),

-- Most rows hold for many months, so what belongs to the row is looked up before they are unfolded.
settled as (
    select
        held.first_id,
        held.second_id,
        held.first_revival_date,
        held.second_revival_date,
        held.last_contact_date,
        held.as_of_date,
        held.there_mail_strength,
        held.back_mail_strength,
        held.meeting_strength,
        held.strength,
        held.mutual_date,
        held.first_contact_at,
        held.last_contact_at,
        held.burstiness,
        held.first_end_number,
        held.second_end_number,
        held.first_usual_gap_days,
        held.second_usual_gap_days,
        least(cast(firsts.settled_at as date), cast(seconds.settled_at as date)) as own_settled_date,
        earliest_settlement.settled_date as any_settled_date,
        held.from_number,
        held.faint_number,
        held.until_number,
        held.dormant_number
    from held
    left join staging.owners as firsts on firsts.person_id = held.first_id
    left join staging.owners as seconds on seconds.person_id = held.second_id
    cross join earliest_settlement
),

decayed as (
    select
        wanted.month,
        settled.first_id,
        settled.second_id,
        settled.there_mail_strength * power(
            2.0,
            -date_diff('day', settled.as_of_date, wanted.as_of_date) / parameters.half_life_days
        ) as there_mail_strength,
        settled.back_mail_strength * power(
            2.0,
            -date_diff('day', settled.as_of_date, wanted.as_of_date) / parameters.half_life_days
        ) as back_mail_strength,
        settled.meeting_strength * power(
            2.0,
            -date_diff('day', settled.as_of_date, wanted.as_of_date) / parameters.half_life_days
        ) as meeting_strength,
        settled.strength * power(
            2.0,
            -date_diff('day', settled.as_of_date, wanted.as_of_date) / parameters.half_life_days
        ) as strength,
        settled.first_contact_at,
        settled.last_contact_at,
        settled.last_contact_date,
        settled.mutual_date,
        settled.first_end_number,
        settled.second_end_number,
        settled.first_usual_gap_days,
        settled.second_usual_gap_days,
        settled.burstiness,
        settled.first_revival_date,
        settled.second_revival_date,
        -- A mailbox that is read only later than this month knows nothing of it.
        case
            when
                settled.own_settled_date - cast(parameters.settling_days as integer)
                < wanted.as_of_date
                then settled.own_settled_date
            else settled.any_settled_date
        end as settled_date
    from settled
    join wanted
        on wanted.number >= settled.from_number
        and wanted.number < settled.until_number
        and (wanted.number < settled.faint_number or wanted.number = settled.dormant_number)
    cross join staging.parameters
),

-- Named apart, so that no other month is read.
windows as (
    select
        tie_windows.month,
        tie_windows.first_id,
        tie_windows.second_id,
        tie_windows.there_mail_count,
        tie_windows.back_mail_count,
        tie_windows.meeting_count,
        tie_windows.meeting_hours,
        tie_windows.contact_day_count
    from staging.tie_windows
    join wanted on wanted.month = tie_windows.month
)

select
    decayed.month,  -- the month
    decayed.first_id,  -- the person with the smaller id
    decayed.second_id,  -- the other
    decayed.there_mail_strength,  -- decayed mail of the first to the second, all history
    decayed.back_mail_strength,  -- decayed mail of the second to the first, all history
    decayed.meeting_strength,  -- decayed meetings, the same each way, all history
    decayed.strength,  -- geometric mean of both directions; 0 for a one-way tie
    decayed.first_contact_at,  -- first contact ever; UTC
    decayed.last_contact_at,  -- last contact so far; UTC
    decayed.last_contact_date,  -- its day
    decayed.mutual_date,  -- day from which both had turned to each other; null while one-way
    decayed.first_end_number,  -- which of the first person's active days the last contact so far was
    decayed.second_end_number,  -- which of the second person's active days the last contact so far was
    decayed.first_usual_gap_days,  -- from one contact day to the next in active days of the first person; null for one day; days
    decayed.second_usual_gap_days,  -- the same in active days of the second person; days
    decayed.burstiness,  -- of the calendar days between contact days so far; null below three gaps
    decayed.first_revival_date,  -- last day that ended a silence which was lapsed or dormant to the first person
    decayed.second_revival_date,  -- the same to the second person
    decayed.settled_date,  -- from then on a first answer is new
    coalesce(windows.there_mail_count, 0) as there_mail_count,  -- messages of the first to the second in the window
    coalesce(windows.back_mail_count, 0) as back_mail_count,  -- messages of the second to the first in the window
    coalesce(windows.meeting_count, 0) as meeting_count,  -- meetings with both in the window
    coalesce(windows.meeting_hours, 0) as meeting_hours,  -- time together in them; hours
    coalesce(windows.contact_day_count, 0) as contact_day_count  -- days with contact in the window; days
from decayed
left join windows
    on windows.month = decayed.month
    and windows.first_id = decayed.first_id
    and windows.second_id = decayed.second_id
