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

select
    exchanges.month,  -- the month; its end is what the row describes
    exchanges.person_id,  -- whose tie it is
    exchanges.contact_id,  -- with whom; every pair with mail in the window
    2 * least(tie_strength.mail_out_strength, tie_strength.mail_in_strength)
    / nullif(tie_strength.mail_out_strength + tie_strength.mail_in_strength, 0) as reciprocity,  -- 0 one-way, 1 even, of the mail strengths
    (exchanges.out_weight - exchanges.in_weight)
    / nullif(exchanges.out_weight + exchanges.in_weight, 0) as flow_balance,  -- of mail in the window; -1 only received, 1 only sent
    tie_strength.mail_out_strength,  -- decayed mail to the contact
    tie_strength.mail_in_strength,  -- decayed mail from the contact
    exchanges.started_count,  -- threads the person began with a message To the contact, in the window
    exchanges.received_start_count,  -- threads the contact began with a message To the person
    cast(exchanges.started_count as double)
    / nullif(exchanges.started_count + exchanges.received_start_count, 0) as initiation_share,  -- of these threads, those the person began; null without any; 0 to 1
    coalesce(own.asked_count, 0) as asked_count,  -- openings of the contact to the person, in the window, whose seven days are over
    coalesce(own.answered_count, 0) as answered_count,  -- of asked_count, those the person answered within seven days
    cast(own.answered_count as double) / nullif(own.asked_count, 0) as answer_rate,  -- answered_count over asked_count; null without any; 0 to 1
    own.answer_median_hours,  -- Kaplan-Meier median of the person's time to answer the contact; null where half have no answer; hours
    coalesce(theirs.asked_count, 0) as contact_asked_count,  -- the mirror: openings of the person to the contact
    coalesce(theirs.answered_count, 0) as contact_answered_count,  -- of contact_asked_count, those the contact answered within seven days
    cast(theirs.answered_count as double) / nullif(theirs.asked_count, 0) as contact_answer_rate,  -- contact_answered_count over contact_asked_count; null without any; 0 to 1
    theirs.answer_median_hours as contact_answer_median_hours  -- Kaplan-Meier median of the contact's time to answer the person; null where half have no answer; hours
from staging.exchanges
join staging.wanted_months on wanted_months.month = exchanges.month
join metrics.tie_strength
    on tie_strength.month = exchanges.month
    and tie_strength.person_id = exchanges.person_id
    and tie_strength.contact_id = exchanges.contact_id
left join staging.answer_times as own
    on own.month = exchanges.month
    and own.responder_id = exchanges.person_id
    and own.asker_id = exchanges.contact_id
left join staging.answer_times as theirs
    on theirs.month = exchanges.month
    and theirs.responder_id = exchanges.contact_id
    and theirs.asker_id = exchanges.person_id
