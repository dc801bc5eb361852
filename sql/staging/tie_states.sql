-- How strong, how silent and in which state is each tie at each month's end?
--
-- Grain:   month, person_id, contact_id
-- Check:   person_id <> contact_id
-- Check:   strength >= 0
-- Check:   silence_days >= 0
-- Check:   state in ('dormant', 'one_way', 'reactivated', 'new', 'lapsed', 'fading', 'active')
-- Source:  tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193
-- Source:  silence: Navarro et al. 2017, EPJ Data Science 6:31; dormancy: Levin, Walter & Murnighan
--          2011, Organization Science 22:923
-- Caveat:  a tie has a row while a contact lies in the window or its strength reaches
--          min_strength, and in the month in which its state changes
-- Caveat:  a tie is settled once a mailbox of one of the two is; where neither is read, once any is
-- Version: 1

with settlements as (
    select
        mailboxes.person_id,
        min(mailboxes.settled_at) as settled_at
    from staging.mailboxes
    where mailboxes.person_id is not null
    group by mailboxes.person_id
),

earliest_settlement as (
    select min(mailboxes.settled_at) as settled_at
    from staging.mailboxes
),

sides as (
    select
        tie_months.month,
        tie_months.history_month,
        tie_months.first_id as person_id,
        tie_months.second_id as contact_id,
        tie_months.first_revival_date as revival_date,
        pair_histories.as_of_date as reference_date,
        pair_histories.there_mail_strength as mail_out_strength,
        pair_histories.back_mail_strength as mail_in_strength,
        pair_histories.meeting_strength,
        pair_histories.last_contact_date,
        pair_histories.mutual_date,
        pair_histories.first_end_number as end_number,
        pair_histories.first_usual_gap_days as usual_gap_days
    from staging.tie_months
    join staging.wanted_months on wanted_months.month = tie_months.month
    join staging.pair_histories
        on pair_histories.month = tie_months.history_month
        and pair_histories.first_id = tie_months.first_id
        and pair_histories.second_id = tie_months.second_id
    union all
    select
        tie_months.month,
        tie_months.history_month,
        tie_months.second_id as person_id,
        tie_months.first_id as contact_id,
        tie_months.second_revival_date as revival_date,
        pair_histories.as_of_date as reference_date,
        pair_histories.back_mail_strength as mail_out_strength,
        pair_histories.there_mail_strength as mail_in_strength,
        pair_histories.meeting_strength,
        pair_histories.last_contact_date,
        pair_histories.mutual_date,
        pair_histories.second_end_number as end_number,
        pair_histories.second_usual_gap_days as usual_gap_days
    from staging.tie_months
    join staging.wanted_months on wanted_months.month = tie_months.month
    join staging.pair_histories
        on pair_histories.month = tie_months.history_month
        and pair_histories.first_id = tie_months.first_id
        and pair_histories.second_id = tie_months.second_id
),

placed as (
    select
        sides.month,
        sides.history_month,
        sides.person_id,
        sides.contact_id,
        sides.revival_date,
        sides.reference_date,
        sides.mail_out_strength,
        sides.mail_in_strength,
        sides.meeting_strength,
        sides.last_contact_date,
        sides.mutual_date,
        sides.end_number,
        sides.usual_gap_days,
        wanted_months.as_of_date,
        wanted_months.window_start_date,
        person_months.active_day_count,
        person_months.active_day_count_before,
        coalesce(
            least(own_settlements.settled_at, other_settlements.settled_at),
            earliest_settlement.settled_at
        ) as settled_at
    from sides
    join staging.wanted_months on wanted_months.month = sides.month
    join staging.person_months
        on person_months.month = sides.month
        and person_months.person_id = sides.person_id
    left join settlements as own_settlements on own_settlements.person_id = sides.person_id
    left join settlements as other_settlements on other_settlements.person_id = sides.contact_id
    cross join earliest_settlement
),

-- Whether a state has changed is seen by looking twice: at the month's end, and for a tie that is
-- out of the window also at the end of the month before, which is this month's beginning.
moments as (
    select
        placed.month,
        placed.history_month,
        placed.person_id,
        placed.contact_id,
        false as is_before,
        placed.as_of_date,
        placed.active_day_count - placed.end_number as silence_days,
        placed.usual_gap_days,
        placed.mail_out_strength,
        placed.mail_in_strength,
        placed.meeting_strength,
        placed.reference_date,
        placed.last_contact_date,
        placed.mutual_date,
        placed.revival_date,
        placed.settled_at
    from placed
    union all
    select
        placed.month,
        placed.history_month,
        placed.person_id,
        placed.contact_id,
        true as is_before,
        placed.month as as_of_date,
        placed.active_day_count_before - placed.end_number as silence_days,
        placed.usual_gap_days,
        placed.mail_out_strength,
        placed.mail_in_strength,
        placed.meeting_strength,
        placed.reference_date,
        placed.last_contact_date,
        placed.mutual_date,
        placed.revival_date,
        placed.settled_at
    from placed
    where
        placed.history_month < placed.month
        and placed.last_contact_date < placed.window_start_date
),

decayed as (
    select
        moments.month,
        moments.history_month,
        moments.person_id,
        moments.contact_id,
        moments.is_before,
        moments.silence_days,
        moments.usual_gap_days,
        moments.silence_days / moments.usual_gap_days as silence_ratio,
        date_diff('day', moments.last_contact_date, moments.as_of_date) as silent_days,
        moments.as_of_date - cast(parameters.window_days as integer) as window_start_date,
        moments.last_contact_date,
        moments.mutual_date,
        moments.revival_date,
        cast(moments.as_of_date as timestamptz) >= moments.settled_at as is_settled,
        power(
            2.0,
            -date_diff('day', moments.reference_date, moments.as_of_date)
            / parameters.half_life_days
        ) as decay,
        moments.mail_out_strength,
        moments.mail_in_strength,
        moments.meeting_strength
    from moments
    cross join staging.parameters
),

weighed as (
    select
        decayed.month,
        decayed.history_month,
        decayed.person_id,
        decayed.contact_id,
        decayed.is_before,
        decayed.silence_days,
        decayed.usual_gap_days,
        decayed.silence_ratio,
        decayed.silent_days,
        decayed.window_start_date,
        decayed.last_contact_date,
        decayed.mutual_date,
        decayed.revival_date,
        decayed.is_settled,
        decayed.mail_out_strength * decayed.decay as mail_out_strength,
        decayed.mail_in_strength * decayed.decay as mail_in_strength,
        decayed.meeting_strength * decayed.decay as meeting_strength,
        sqrt(
            (decayed.mail_out_strength + decayed.meeting_strength)
            * (decayed.mail_in_strength + decayed.meeting_strength)
        )
        * decayed.decay as strength
    from decayed
),

judged as (
    select
        weighed.month,
        weighed.history_month,
        weighed.person_id,
        weighed.contact_id,
        weighed.is_before,
        weighed.silence_days,
        weighed.usual_gap_days,
        weighed.silence_ratio,
        weighed.last_contact_date >= weighed.window_start_date as is_in_window,
        weighed.mail_out_strength,
        weighed.mail_in_strength,
        weighed.meeting_strength,
        weighed.strength,
        case
            when weighed.silent_days >= parameters.dormant_days then 'dormant'
            when weighed.mutual_date is null then 'one_way'
            when weighed.revival_date >= weighed.window_start_date then 'reactivated'
            when weighed.mutual_date >= weighed.window_start_date
                then case when weighed.is_settled then 'new' else 'active' end
            when
                weighed.strength < parameters.min_strength
                or weighed.silent_days >= parameters.lapsed_days
                and weighed.silence_ratio > parameters.lapsed_silence_ratio
                then 'lapsed'
            when
                weighed.silent_days >= parameters.fading_days
                and weighed.silence_ratio > parameters.fading_silence_ratio
                then 'fading'
            else 'active'
        end as state
    from weighed
    cross join staging.parameters
)

select
    judged.month,  -- the month
    judged.person_id,  -- whose tie it is
    judged.contact_id,  -- with whom
    judged.history_month,  -- the last month with contact until then: which row of pair_histories holds
    judged.mail_out_strength + judged.meeting_strength as out_strength,  -- decayed attention given; 1 = one message to one person today
    judged.mail_in_strength + judged.meeting_strength as in_strength,  -- decayed attention received
    judged.strength,  -- geometric mean of both; 0 for a one-way tie
    judged.mail_out_strength,  -- the part of out_strength from mail
    judged.mail_in_strength,  -- the part of in_strength from mail
    judged.meeting_strength,  -- the part of each from meetings
    judged.silence_days,  -- active days of the person since the last contact; days
    judged.usual_gap_days,  -- active days of the person from one contact day to the next; null for one day; days
    judged.silence_ratio,  -- silence_days over usual_gap_days; above 8 probably dead
    judged.state  -- dormant, one_way, reactivated, new, lapsed, fading, active
from judged
left join judged as before
    on before.month = judged.month
    and before.person_id = judged.person_id
    and before.contact_id = judged.contact_id
    and before.is_before
cross join staging.parameters
where
    not judged.is_before
    and (
        judged.is_in_window
        or judged.strength >= parameters.min_strength
        or judged.state <> before.state
    )
