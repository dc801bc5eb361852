-- How even is the mail between two people, who begins, and who answers whom?
--
-- Grain:   month, person_id, contact_id
-- Check:   reciprocity between 0 and 1
-- Check:   flow_balance between -1 and 1
-- Check:   initiation_share between 0 and 1
-- Check:   answer_rate between 0 and 1
-- Check:   contact_answer_rate between 0 and 1
-- Check:   answer_median_hours >= 0
-- Check:   contact_answer_median_hours >= 0
-- Source:  reciprocity: Squartini et al. 2013, Scientific Reports 3:2729; threads begun: kith
-- Source:  answers within seven days: Christidis 2020; median time to answer: Kaplan & Meier 1958,
--          J. Am. Stat. Assoc. 53:457, Wuchty & Uzzi 2011, PLoS ONE 6:e26612, Kooti et al. 2015
-- Caveat:  mail only, as meetings are even by their nature; more outflow is not more giving, it is
--          only the direction of words
-- Caveat:  asked is only who is written To in a message that begins a thread; staging.questions says
--          what becomes of it
-- Version: 2
--
-- Topic:   Who gives?
-- Asks:    reciprocity: Does mail between the two go both ways in equal measure?
-- High:    reciprocity: 1, even
-- Low:     reciprocity: 0, one writes and the other does not
-- Formula: reciprocity: 2 * min(mail_out_strength, mail_in_strength) / (mail_out_strength +
--          mail_in_strength)
-- Example: reciprocity: 5 given and 3 received: 2 * 3 / (5 + 3) = 0.7500
-- Asks:    flow_balance: Which way do more words go?
-- High:    flow_balance: towards 1, from the person to the contact
-- Low:     flow_balance: towards -1, from the contact to the person; 0 even
-- Formula: flow_balance: (weight sent - weight received) / (weight sent + weight received), mail of
--          the window
-- Example: flow_balance: 5 sent and 3 received: (5 - 3) / (5 + 3) = 0.2500
-- High:    mail_out_strength, mail_in_strength: much mail in that direction, and lately
-- Low:     mail_out_strength, mail_in_strength: little, or long ago; 0 for none
-- Formula: mail_out_strength, mail_in_strength: sum over mail in that direction of weight * 2^(-age
--          in days / half_life_days)
-- High:    started_count, received_start_count: that side often begins
-- Low:     started_count, received_start_count: that side only answers, or only sends copies
-- Asks:    initiation_share: Who gets in touch?
-- High:    initiation_share: 1, always the person
-- Low:     initiation_share: 0, always the contact
-- Formula: initiation_share: started_count / (started_count + received_start_count)
-- High:    asked_count, contact_asked_count: that side is often turned to
-- Low:     asked_count, contact_asked_count: that side is seldom turned to, and its rate of answers
--          says little
-- High:    answered_count, contact_answered_count: many answers within seven days
-- Low:     answered_count, contact_answered_count: few
-- Asks:    answer_rate: Does the person answer when the contact turns to them?
-- Asks:    contact_answer_rate: Does the contact answer when the person turns to them?
-- High:    answer_rate, contact_answer_rate: 1, always within seven days
-- Low:     answer_rate, contact_answer_rate: 0, never; some openings ask for no answer
-- Formula: answer_rate: answered_count / asked_count
-- Formula: contact_answer_rate: contact_answered_count / contact_asked_count
-- Asks:    answer_median_hours: How long does the contact wait for the person?
-- Asks:    contact_answer_median_hours: How long does the person wait for the contact?
-- High:    answer_median_hours, contact_answer_median_hours: slow; much mail makes slow
-- Low:     answer_median_hours, contact_answer_median_hours: prompt
-- Formula: answer_median_hours, contact_answer_median_hours: the time after which half of the
--          openings are answered, by Kaplan and Meier: an unanswered one counts as one that has
--          waited for so long, not as one that never will be
-- Example: answer_median_hours: four openings, answered after 1, 2 and 5 hours and one never: 3/4
--          wait after 1 hour, 2/4 after 2 hours, so 2.0000

-- Narrowed to the months by themselves, as the joins with the windows would read all of them.
with strengths as (
    select
        tie_months.month,
        tie_months.first_id,
        tie_months.second_id,
        tie_months.there_mail_strength,
        tie_months.back_mail_strength
    from staging.tie_months
    join staging.wanted_months on wanted_months.month = tie_months.month
),

times as (
    select
        answer_times.month,
        answer_times.responder_id,
        answer_times.asker_id,
        answer_times.asked_count,
        answer_times.answered_count,
        answer_times.answer_median_hours
    from staging.answer_times
    join staging.wanted_months on wanted_months.month = answer_times.month
),

pairs as (
    select
        tie_windows.month,
        tie_windows.first_id,
        tie_windows.second_id,
        strengths.there_mail_strength,
        strengths.back_mail_strength,
        tie_windows.there_mail_weight,
        tie_windows.back_mail_weight,
        tie_windows.there_start_count,
        tie_windows.back_start_count,
        firsts.asked_count as first_asked_count,
        firsts.answered_count as first_answered_count,
        firsts.answer_median_hours as first_answer_median_hours,
        seconds.asked_count as second_asked_count,
        seconds.answered_count as second_answered_count,
        seconds.answer_median_hours as second_answer_median_hours
    from staging.tie_windows
    join staging.wanted_months on wanted_months.month = tie_windows.month
    join strengths
        on strengths.month = tie_windows.month
        and strengths.first_id = tie_windows.first_id
        and strengths.second_id = tie_windows.second_id
    left join times as firsts
        on firsts.month = tie_windows.month
        and firsts.responder_id = tie_windows.first_id
        and firsts.asker_id = tie_windows.second_id
    left join times as seconds
        on seconds.month = tie_windows.month
        and seconds.responder_id = tie_windows.second_id
        and seconds.asker_id = tie_windows.first_id
    where tie_windows.there_mail_count + tie_windows.back_mail_count > 0
),

sides as (
    select
        pairs.month,
        pairs.first_id as person_id,
        pairs.second_id as contact_id,
        pairs.there_mail_strength as mail_out_strength,
        pairs.back_mail_strength as mail_in_strength,
        pairs.there_mail_weight as out_weight,
        pairs.back_mail_weight as in_weight,
        pairs.there_start_count as started_count,
        pairs.back_start_count as received_start_count,
        pairs.first_asked_count as asked_count,
        pairs.first_answered_count as answered_count,
        pairs.first_answer_median_hours as answer_median_hours,
        pairs.second_asked_count as contact_asked_count,
        pairs.second_answered_count as contact_answered_count,
        pairs.second_answer_median_hours as contact_answer_median_hours
    from pairs
    union all
    select
        pairs.month,
        pairs.second_id as person_id,
        pairs.first_id as contact_id,
        pairs.back_mail_strength as mail_out_strength,
        pairs.there_mail_strength as mail_in_strength,
        pairs.back_mail_weight as out_weight,
        pairs.there_mail_weight as in_weight,
        pairs.back_start_count as started_count,
        pairs.there_start_count as received_start_count,
        pairs.second_asked_count as asked_count,
        pairs.second_answered_count as answered_count,
        pairs.second_answer_median_hours as answer_median_hours,
        pairs.first_asked_count as contact_asked_count,
        pairs.first_answered_count as contact_answered_count,
        pairs.first_answer_median_hours as contact_answer_median_hours
    from pairs
)

select
    sides.month,  -- the month; its end is what the row describes
    sides.person_id,  -- whose tie it is
    sides.contact_id,  -- with whom; every pair with mail in the window
    2 * least(sides.mail_out_strength, sides.mail_in_strength)
    / nullif(sides.mail_out_strength + sides.mail_in_strength, 0) as reciprocity,  -- 0 one-way, 1 even, of the mail strengths
    (sides.out_weight - sides.in_weight)
    / nullif(sides.out_weight + sides.in_weight, 0) as flow_balance,  -- of mail in the window; -1 only received, 1 only sent
    sides.mail_out_strength,  -- decayed mail to the contact
    sides.mail_in_strength,  -- decayed mail from the contact
    sides.started_count,  -- threads the person began with a message To the contact, in the window
    sides.received_start_count,  -- threads the contact began with a message To the person
    cast(sides.started_count as double)
    / nullif(sides.started_count + sides.received_start_count, 0) as initiation_share,  -- of these threads, those the person began; null without any; 0 to 1
    coalesce(sides.asked_count, 0) as asked_count,  -- openings of the contact to the person, in the window, whose seven days are over
    coalesce(sides.answered_count, 0) as answered_count,  -- of asked_count, those the person answered within seven days
    cast(sides.answered_count as double) / nullif(sides.asked_count, 0) as answer_rate,  -- answered_count over asked_count; null without any; 0 to 1
    sides.answer_median_hours,  -- Kaplan-Meier median of the person's time to answer the contact; null where half have no answer; hours
    coalesce(sides.contact_asked_count, 0) as contact_asked_count,  -- the mirror: openings of the person to the contact
    coalesce(sides.contact_answered_count, 0) as contact_answered_count,  -- of contact_asked_count, those the contact answered within seven days
    cast(sides.contact_answered_count as double) / nullif(sides.contact_asked_count, 0) as contact_answer_rate,  -- contact_answered_count over contact_asked_count; null without any; 0 to 1
    sides.contact_answer_median_hours  -- Kaplan-Meier median of the contact's time to answer the person; null where half have no answer; hours
from sides
