-- How strong is each tie at the end of each month, and where is it going?
--
-- Grain:   month, person_id, contact_id
-- Check:   strength >= 0
-- Check:   out_strength >= 0
-- Check:   in_strength >= 0
-- Check:   messages_per_day >= 0
-- Check:   meeting_share between 0 and 1
-- Check:   share between 0 and 1
-- Check:   overlap between 0 and 1
-- Check:   burstiness between -1 and 1
-- Check:   layer in (5, 15, 50, 150)
-- Check:   state in ('dormant', 'one_way', 'reactivated', 'new', 'lapsed', 'fading', 'active')
-- Check:   first_contact_at <= last_contact_at
-- Source:  strength: tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193, and
--          the geometric mean of Kossinets & Watts 2006, Science 311:88
-- Source:  days with contact: Urena-Carrion et al. 2020, EPJ Data Science 9:37; silence: Navarro et
--          al. 2017, EPJ Data Science 6:31; burstiness: Kim & Jo 2016, Phys. Rev. E 94:032311
-- Source:  layers: Dunbar; overlap: Onnela et al. 2007, PNAS 104:7332; dormant: Levin, Walter &
--          Murnighan 2011, Organization Science 22:923
-- Caveat:  contact is not liking; one mailbox sees ties between others only where they are
--          addressed together
-- Caveat:  a tie has a row while a contact lies in the window or its strength reaches
--          min_strength, and in the month in which its state changes
-- Version: 2

with moments as (
    select
        wanted_months.month,
        wanted_months.as_of_date,
        date_diff('day', wanted_months.month, wanted_months.as_of_date) as month_days,
        parameters.window_days,
        parameters.half_life_days,
        parameters.min_strength,
        parameters.fading_silence_ratio,
        parameters.fading_days,
        parameters.lapsed_silence_ratio,
        parameters.lapsed_days,
        parameters.dormant_days
    from staging.wanted_months
    cross join staging.parameters
),

ends as (
    select unnest([true, false]) as is_first
),

sides as (
    select
        tie_months.month,
        case when ends.is_first then tie_months.first_id else tie_months.second_id end as person_id,
        case when ends.is_first then tie_months.second_id else tie_months.first_id end as contact_id,
        case
            when ends.is_first then tie_months.there_mail_strength else tie_months.back_mail_strength
        end as mail_out_strength,
        case
            when ends.is_first then tie_months.back_mail_strength else tie_months.there_mail_strength
        end as mail_in_strength,
        tie_months.meeting_strength,
        tie_months.strength,
        case
            when ends.is_first then tie_months.there_mail_count else tie_months.back_mail_count
        end as out_count,
        case
            when ends.is_first then tie_months.back_mail_count else tie_months.there_mail_count
        end as in_count,
        tie_months.meeting_count,
        tie_months.meeting_hours,
        tie_months.contact_day_count,
        tie_months.first_contact_at,
        tie_months.last_contact_at,
        tie_months.last_contact_date,
        tie_months.mutual_date,
        case
            when ends.is_first then tie_months.first_revival_date else tie_months.second_revival_date
        end as revival_date,
        case
            when ends.is_first then tie_months.first_end_number else tie_months.second_end_number
        end as end_number,
        case
            when ends.is_first then tie_months.first_usual_gap_days else tie_months.second_usual_gap_days
        end as usual_gap_days,
        tie_months.burstiness,
        tie_months.settled_date
    from staging.tie_months
    join staging.wanted_months on wanted_months.month = tie_months.month
    cross join ends
),

placed as (
    select
        sides.month,
        sides.person_id,
        sides.contact_id,
        sides.mail_out_strength,
        sides.mail_in_strength,
        sides.meeting_strength,
        sides.strength,
        sides.out_count,
        sides.in_count,
        sides.meeting_count,
        sides.meeting_hours,
        sides.contact_day_count,
        sides.first_contact_at,
        sides.last_contact_at,
        date_diff('day', sides.mutual_date, moments.as_of_date) as mutual_days,
        date_diff('day', sides.revival_date, moments.as_of_date) as revival_days,
        sides.usual_gap_days,
        sides.burstiness,
        date_diff('day', sides.settled_date, moments.as_of_date) as settled_days,
        date_diff('day', sides.last_contact_date, moments.as_of_date) as silent_days,
        person_months.active_day_count - sides.end_number as silence_days,
        moments.month_days,
        person_months.active_day_count - person_months.active_day_count_before as active_days,
        moments.window_days,
        moments.half_life_days,
        moments.min_strength,
        moments.fading_silence_ratio,
        moments.fading_days,
        moments.lapsed_silence_ratio,
        moments.lapsed_days,
        moments.dormant_days
    from sides
    join moments on moments.month = sides.month
    join staging.person_months
        on person_months.month = sides.month
        and person_months.person_id = sides.person_id
),

judged as (
    select
        placed.month,
        placed.person_id,
        placed.contact_id,
        placed.mail_out_strength,
        placed.mail_in_strength,
        placed.meeting_strength,
        placed.strength,
        placed.out_count,
        placed.in_count,
        placed.meeting_count,
        placed.meeting_hours,
        placed.contact_day_count,
        placed.first_contact_at,
        placed.last_contact_at,
        placed.burstiness,
        placed.silence_days,
        placed.usual_gap_days,
        placed.silence_days / placed.usual_gap_days as silence_ratio,
        case
            when placed.silent_days >= placed.dormant_days then 'dormant'
            when placed.mutual_days is null then 'one_way'
            when placed.revival_days <= placed.window_days then 'reactivated'
            when placed.mutual_days <= placed.window_days
                then case when placed.settled_days >= 0 then 'new' else 'active' end
            when
                placed.strength < placed.min_strength
                or placed.silent_days >= placed.lapsed_days
                and placed.silence_days / placed.usual_gap_days > placed.lapsed_silence_ratio
                then 'lapsed'
            when
                placed.silent_days >= placed.fading_days
                and placed.silence_days / placed.usual_gap_days > placed.fading_silence_ratio
                then 'fading'
            else 'active'
        end as state,
        placed.silent_days <= placed.window_days
        or placed.strength >= placed.min_strength as is_seen,
        -- The same days as they were at the month's beginning, which is the end of the month before.
        placed.silent_days - placed.month_days < placed.dormant_days as was_awake,
        coalesce(placed.revival_days - placed.month_days <= placed.window_days, false)
        or coalesce(placed.mutual_days - placed.month_days <= placed.window_days, false)
        or placed.strength * power(2.0, placed.month_days / placed.half_life_days)
        >= placed.min_strength
        and not coalesce(
            placed.silent_days - placed.month_days >= placed.lapsed_days
            and (placed.silence_days - placed.active_days) / placed.usual_gap_days
            > placed.lapsed_silence_ratio,
            false
        ) as was_held
    from placed
)

-- Out of the window and too weak to be seen, a tie is dormant, one_way or lapsed; it has a row in the
-- month in which it became the first or the last of these. One that was never answered just leaves.
select
    judged.month,  -- the month; its end is what the row describes
    judged.person_id,  -- whose tie it is
    judged.contact_id,  -- with whom
    judged.mail_out_strength + judged.meeting_strength as out_strength,  -- decayed attention given; 1 = one message to one person today
    judged.mail_in_strength + judged.meeting_strength as in_strength,  -- decayed attention received
    judged.strength,  -- geometric mean of both: zero for a one-way tie
    sqrt(judged.out_count * judged.in_count)
    / parameters.window_days as messages_per_day,  -- geometric mean of mail both ways in the window; messages a day
    judged.mail_out_strength,  -- the part of out_strength from mail
    judged.mail_in_strength,  -- the part of in_strength from mail
    2 * judged.meeting_strength
    / nullif(
        judged.mail_out_strength + judged.mail_in_strength + 2 * judged.meeting_strength, 0
    ) as meeting_share,  -- of out_strength and in_strength together, from meetings; 0 to 1
    judged.out_count,  -- messages to the contact in the window
    judged.in_count,  -- messages from the contact in the window
    judged.meeting_count,  -- meetings with both in the window
    judged.meeting_hours,  -- time together in them; hours
    judged.contact_day_count,  -- days with contact in the window; days
    judged.first_contact_at,  -- first contact ever; UTC
    judged.last_contact_at,  -- last contact; UTC
    judged.usual_gap_days,  -- active days of the person from one contact day to the next; null for one day; days
    judged.silence_days,  -- active days of the person since the last contact; days
    judged.silence_ratio,  -- silence_days over usual_gap_days; above 8 probably dead
    judged.burstiness,  -- of the calendar days between contact days; -1 a clock, 0 chance, 1 bursts; null below three gaps
    tie_standings.share,  -- of the person's strength in the network; null off it; 0 to 1
    tie_standings.rank,  -- 1 for the person's strongest tie; null for strength 0 and for one that has just gone
    case
        when tie_standings.rank <= parameters.support_layer_size then parameters.support_layer_size
        when tie_standings.rank <= parameters.sympathy_layer_size then parameters.sympathy_layer_size
        when tie_standings.rank <= parameters.affinity_layer_size then parameters.affinity_layer_size
        when tie_standings.rank <= parameters.active_layer_size then parameters.active_layer_size
    end as layer,  -- Dunbar's layer of that rank: 5, 15, 50, 150; null beyond
    tie_standings.overlap,  -- shared contacts over all contacts of the two but themselves; null off the network and without others; 0 to 1
    judged.state  -- dormant, one_way, reactivated, new, lapsed, fading, active
from judged
left join staging.tie_standings
    on tie_standings.month = judged.month
    and tie_standings.person_id = judged.person_id
    and tie_standings.contact_id = judged.contact_id
cross join staging.parameters
where
    judged.is_seen
    or (judged.state = 'dormant' and judged.was_awake)
    or (judged.state = 'lapsed' and judged.was_held)
