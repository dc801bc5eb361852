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

select
    exchanges.month,  -- the month; its end is what the row describes
    exchanges.person_id,  -- whose tie it is
    exchanges.contact_id,  -- with whom; every pair with mail in the window
    2 * least(tie_states.mail_out_strength, tie_states.mail_in_strength)
    / nullif(tie_states.mail_out_strength + tie_states.mail_in_strength, 0) as reciprocity,  -- 0 one-way, 1 even, of the mail strengths
    (exchanges.out_weight - exchanges.in_weight)
    / nullif(exchanges.out_weight + exchanges.in_weight, 0) as flow_balance,  -- of mail in the window; -1 only received, 1 only sent
    tie_states.mail_out_strength,  -- decayed mail to the contact
    tie_states.mail_in_strength,  -- decayed mail from the contact
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
join staging.tie_states
    on tie_states.month = exchanges.month
    and tie_states.person_id = exchanges.person_id
    and tie_states.contact_id = exchanges.contact_id
left join staging.answer_times as own
    on own.month = exchanges.month
    and own.responder_id = exchanges.person_id
    and own.asker_id = exchanges.contact_id
left join staging.answer_times as theirs
    on theirs.month = exchanges.month
    and theirs.responder_id = exchanges.contact_id
    and theirs.asker_id = exchanges.person_id
