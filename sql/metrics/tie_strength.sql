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
--          min_strength; after that only in the month in which it lapses or falls dormant, at the
--          end that judges so; an end that had judged the tie lapsed before lacks that row
-- Caveat:  state, usual_gap_days, silence_days and silence_ratio go by the person's own active days
--          and may differ between the two ends of a tie; strength is the same at both
-- Version: 2
--
-- Topic:   How strong?
-- Asks:    out_strength, in_strength: How much attention does the person give this contact, and how
--          much comes back?
-- High:    out_strength, in_strength: much contact in that direction, and lately
-- Low:     out_strength, in_strength: little, or long ago; 0 where nothing ever passed in that
--          direction
-- Formula: out_strength, in_strength: sum over all contacts in that direction of weight * 2^(-age
--          in days / half_life_days)
-- Example: out_strength: Ann wrote to Bob alone 120, 60 and 30 days ago: 1/4 + 1/2 + 0.7071 =
--          1.4571
-- Asks:    strength: How close are the two, if only what goes both ways counts?
-- High:    strength: both give each other attention, often and lately; one message and one answer
--          in three months keep it at about 1
-- Low:     strength: little or old contact; 0 where only one of the two writes
-- Formula: strength: sqrt(out_strength * in_strength)
-- Example: strength: with 1.4571 from Ann, and one answer of Bob 60 days ago, which is 1/2:
--          sqrt(1.4571 * 0.5) = 0.8536
-- Asks:    messages_per_day: How often do they write to each other, new and old mail of the window
--          alike?
-- High:    messages_per_day: a steady exchange
-- Low:     messages_per_day: seldom; 0 where only one of the two wrote in the window
-- Formula: messages_per_day: sqrt(out_count * in_count) / window_days
-- Example: messages_per_day: 6 messages one way and 3 the other in 90 days: sqrt(6 * 3) / 90 =
--          0.0471
-- High:    mail_out_strength, mail_in_strength: much mail in that direction, and lately
-- Low:     mail_out_strength, mail_in_strength: no or old mail; what there is of out_strength or
--          in_strength comes from meetings
-- Formula: mail_out_strength, mail_in_strength: as out_strength and in_strength, over mail alone
-- Asks:    meeting_share: Do they meet, or do they write?
-- High:    meeting_share: 1, they only meet
-- Low:     meeting_share: 0, they only write
-- Formula: meeting_share: 2 * strength of meetings / (out_strength + in_strength)
-- High:    out_count, in_count: much mail in that direction
-- Low:     out_count, in_count: no mail in that direction in the window
-- High:    meeting_count, meeting_hours: they often meet, or for long
-- Low:     meeting_count, meeting_hours: they did not meet in the window
-- Formula: meeting_hours: sum over meetings of the hours both sat in it, an hour in several
--          meetings at once divided among them
-- Asks:    contact_day_count: On how many days were they in contact?
-- High:    contact_day_count: a steady tie; of all counts this one foretells best that it lasts
-- Low:     contact_day_count: a few days, however many messages passed on them
-- Asks:    usual_gap_days: How long do these two usually go without contact?
-- High:    usual_gap_days: they speak seldom, so that a long silence means little
-- Low:     usual_gap_days: 1, whenever the person is in contact with anybody
-- Formula: usual_gap_days: active days from the first to the last contact day / (contact days - 1);
--          active are days on which the person had contact with anybody, so that week-ends and
--          holidays do not age a tie
-- High:    silence_days: nothing for long
-- Low:     silence_days: 0, in contact on the person's last active day
-- Asks:    silence_ratio: Is the present silence unusual for these two?
-- High:    silence_ratio: above 2 the tie fades, above 8 it is probably over
-- Low:     silence_ratio: below 1, no longer silent than usual
-- Formula: silence_ratio: silence_days / usual_gap_days
-- Asks:    burstiness: Are they in contact regularly, or in bursts?
-- High:    burstiness: towards 1, bursts with long silences between them
-- Low:     burstiness: towards -1, regular as a clock; 0 is chance
-- Formula: burstiness: (sqrt(n + 1) r - sqrt(n - 1)) / ((sqrt(n + 1) - 2) r + sqrt(n - 1)), with n
--          gaps between contact days and r their standard deviation over their mean
-- Example: burstiness: gaps of 1, 1, 1 and 10 days: n = 4, mean 3.25, standard deviation 3.8971, r
--          = 3.8971 / 3.25 = 1.1991; (sqrt(5) * 1.19911 - sqrt(3)) / ((sqrt(5) - 2) * 1.19911 +
--          sqrt(3)) = 0.4711
-- Asks:    share: How much of what the person gives and gets lies in this one tie?
-- High:    share: towards 1, nearly all of it
-- Low:     share: one tie among many
-- Formula: share: strength / sum of the strength of all ties of the person in the network
-- High:    rank: many ties of the person are stronger
-- Low:     rank: 1, the strongest
-- Asks:    layer: In which circle of closeness does the contact stand?
-- High:    layer: 150, somebody just kept in sight
-- Low:     layer: 5, one of the few closest
-- Formula: layer: 5 for ranks 1 to 5, 15 for ranks to 15, 50 for ranks to 50, 150 for ranks to 150
-- Asks:    overlap: Do the two move in the same circle?
-- High:    overlap: most contacts of either are contacts of both: the tie is held by many others
-- Low:     overlap: 0, nobody else joins the two: a bridge between circles, over which news travels
-- Formula: overlap: shared contacts / ((contacts of the one - 1) + (contacts of the other - 1) -
--          shared contacts)
-- Example: overlap: Ann has 4 contacts, Dan 6, and 3 of them are the same: 3 / (3 + 5 - 3) = 0.6000
-- Values:  state: the first of these that fits. dormant: silent for three years. one_way: only one
--          of the two ever turned to the other. reactivated: contact in the window ended a silence
--          that was lapsed or dormant. new: went both ways for the first time in the window (active
--          while the mailbox is not settled). lapsed: silent for more than 8 usual gaps and 42
--          days, or weaker than min_strength. fading: silent for more than 2 usual gaps and 14
--          days. active: everything else

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
