-- What does each person give and take, whom do they answer, and do they still reach out?
--
-- Grain:    month, person_id
-- Personal: person_id
-- Check:    mail_reciprocity between 0 and 1
-- Check:    giving_share between 0 and 1
-- Check:    answer_rate between 0 and 1
-- Check:    answered_count <= asked_count
-- Check:    answer_median_hours >= 0
-- Check:    initiation_share between 0 and 1
-- Check:    tended_share between 0 and 1
-- Source:   reciprocity: Squartini et al. 2013, Scientific Reports 3:2729; time to answer: Kaplan &
--           Meier 1958, Wuchty & Uzzi 2011, Kooti et al. 2015: it depends on the load
-- Source:   giving, surge, tended: kith's own
-- Caveat:   the value of what is given cannot be seen: an answer is an answer, however short
-- Caveat:   what passes between a person and those above or below in their own manager chain is no
--           gift either way; it counts for the rates of answers
-- Caveat:   what needs a past is null until the person's own mailbox is settled; where it is not
--           read, until any mailbox is
-- Version:  3
--
-- Topic:   Who gives?
-- Asks:    mail_reciprocity: Do those to whom the person writes write back?
-- High:    mail_reciprocity: 1, each of them at least as much
-- Low:     mail_reciprocity: 0, none of them
-- Formula: mail_reciprocity: sum over contacts of min(mail_out_strength, mail_in_strength) / sum of
--          mail_out_strength, also where metrics.tie_strength has no row any more
-- Asks:    given_count: What did the person do for others that left a trace?
-- Asks:    received_count: What did others do for the person that left a trace?
-- High:    given_count, received_count: much
-- Low:     given_count, received_count: little that can be seen
-- Formula: given_count: answers_given_count + stranger_answers_given_count +
--          introductions_made_count
-- Formula: received_count: answers_received_count + stranger_answers_received_count +
--          introductions_received_count
-- Asks:    giving_share: Does the person give more than they take?
-- High:    giving_share: 1, only gives
-- Low:     giving_share: 0, only takes; 0.5 is even
-- Formula: giving_share: given_count / (given_count + received_count)
-- Example: giving_share: 6 given and 2 received: 6 / (6 + 2) = 0.7500
-- High:    answers_given_count, stranger_answers_given_count, introductions_made_count: the person
--          is of use to many
-- Low:     answers_given_count, stranger_answers_given_count, introductions_made_count: seldom of
--          use, or seldom asked
-- High:    answers_received_count, stranger_answers_received_count, introductions_received_count:
--          others are of much use to the person
-- Low:     answers_received_count, stranger_answers_received_count, introductions_received_count:
--          the person seldom asks, or is seldom helped
-- High:    asked_count: many turn to the person
-- Low:     asked_count: few do, and the rate of answers says little
-- High:    answered_count: many answers within seven days
-- Low:     answered_count: few
-- Asks:    answer_rate: Does the person answer those who turn to them?
-- High:    answer_rate: 1, all within seven days
-- Low:     answer_rate: 0, none; some openings ask for no answer
-- Formula: answer_rate: answered_count / asked_count
-- Asks:    answer_median_hours: How long do others wait for the person?
-- High:    answer_median_hours: long; much mail makes slow
-- Low:     answer_median_hours: prompt
-- Formula: answer_median_hours: the time after which half of the openings are answered, by Kaplan
--          and Meier: an unanswered one counts as one that has waited for so long
-- High:    started_count: the person often turns to others
-- Low:     started_count: the person only answers
-- Asks:    initiation_share: Does the person get in touch, or wait for it?
-- High:    initiation_share: 1, always the person
-- Low:     initiation_share: 0, always the others
-- Formula: initiation_share: started_count / (started_count + threads begun by others To the
--          person)
-- Asks:    initiated_up_count, initiated_level_count, initiated_down_count: To people of which rank
--          does the person turn?
-- High:    initiated_up_count, initiated_level_count, initiated_down_count: often to these
-- Low:     initiated_up_count, initiated_level_count, initiated_down_count: seldom to these
-- Asks:    answer_up_rate, answer_level_rate, answer_down_rate: Are people of every rank answered
--          alike?
-- High:    answer_up_rate, answer_level_rate, answer_down_rate: 1, these are always answered
-- Low:     answer_up_rate, answer_level_rate, answer_down_rate: 0, these never are
-- Formula: answer_up_rate, answer_level_rate, answer_down_rate: answered / asked, of openings from
--          people of that rank
-- Asks:    new_people_reached_count: Does the person still get to know people?
-- High:    new_people_reached_count: wrote first to many, who turned to the person, too
-- Low:     new_people_reached_count: 0, the circle stays as it is, or it is others who come
-- High:    revived_count: took up many ties that had gone quiet
-- Low:     revived_count: 0, let the quiet ones be
-- Asks:    surge: Does the person call only in need?
-- High:    surge: well above 0, suddenly turns to many who had not been called for long, as one
--          does who needs something
-- Low:     surge: about 0, as always; below 0, fewer than usual
-- Formula: surge: revived_count - its median over the twelve months before
-- Asks:    tended_share: Does the person look after the strongest ties?
-- High:    tended_share: 1, wrote to each of them unasked
-- Low:     tended_share: 0, waits to be called
-- Formula: tended_share: ties of rank 1 to 50 to which the person began a thread / ties of rank 1
--          to 50

with pairs as (
    select
        window_days.month,
        introductions.introducer_id,
        introductions.first_id,
        introductions.second_id
    from metrics.introductions
    join staging.window_days on window_days.window_date = cast(introductions.followed_at as date)
    join staging.wanted_months on wanted_months.month = window_days.month
),

parts as (
    select
        pairs.month,
        pairs.introducer_id as person_id,
        1 as made_count
    from pairs
    union all
    select
        pairs.month,
        pairs.first_id as person_id,
        0 as made_count
    from pairs
    union all
    select
        pairs.month,
        pairs.second_id as person_id,
        0 as made_count
    from pairs
),

introduced as (
    select
        parts.month,
        parts.person_id,
        cast(sum(parts.made_count) as bigint) as made_count,
        cast(sum(1 - parts.made_count) as bigint) as received_count
    from parts
    group by all
),

tended as (
    select
        tie_strength.month,
        tie_strength.person_id,
        count(*) as tie_count,
        count(*) filter (where reciprocity.started_count > 0) as tended_count
    from metrics.tie_strength
    join staging.wanted_months on wanted_months.month = tie_strength.month
    cross join staging.parameters
    left join metrics.reciprocity
        on reciprocity.month = tie_strength.month
        and reciprocity.person_id = tie_strength.person_id
        and reciprocity.contact_id = tie_strength.contact_id
    where tie_strength.rank <= parameters.tended_tie_count
    group by all
),

reached as (
    select
        beginnings.month,
        beginnings.person_id,
        count(*) as new_people_count
    from staging.beginnings
    join staging.wanted_months on wanted_months.month = beginnings.month
    where
        beginnings.is_new
        and beginnings.is_mutual
    group by all
),

earliest_settlement as (
    select min(mailboxes.settled_at) as settled_at
    from staging.mailboxes
),

people as (
    select
        initiations.month,
        initiations.person_id
    from staging.initiations
    join staging.wanted_months on wanted_months.month = initiations.month
    union
    select
        answer_gifts.month,
        answer_gifts.person_id
    from staging.answer_gifts
    join staging.wanted_months on wanted_months.month = answer_gifts.month
    union
    select
        introduced.month,
        introduced.person_id
    from introduced
),

placed as (
    select
        people.month,
        people.person_id,
        wanted_months.as_of >= coalesce(owners.settled_at, earliest_settlement.settled_at)
            as is_settled,
        cast(make_date(year(people.month) - 1, month(people.month), 1) as timestamptz)
        >= coalesce(owners.settled_at, earliest_settlement.settled_at) as has_settled_year
    from people
    join staging.wanted_months on wanted_months.month = people.month
    -- A mailbox that will be read later says nothing of a month before.
    left join staging.owners
        on owners.person_id = people.person_id
        and owners.first_covered_at < wanted_months.as_of
    cross join earliest_settlement
),

counted as (
    select
        placed.month,
        placed.person_id,
        placed.is_settled,
        placed.has_settled_year,
        coalesce(answer_gifts.answers_given_count, 0) as answers_given_count,
        coalesce(answer_gifts.answers_received_count, 0) as answers_received_count,
        case when placed.is_settled then coalesce(answer_gifts.stranger_answers_given_count, 0) end
            as stranger_answers_given_count,
        case when placed.is_settled then coalesce(answer_gifts.stranger_answers_received_count, 0) end
            as stranger_answers_received_count,
        case when placed.is_settled then coalesce(introduced.made_count, 0) end
            as introductions_made_count,
        case when placed.is_settled then coalesce(introduced.received_count, 0) end
            as introductions_received_count
    from placed
    left join staging.answer_gifts
        on answer_gifts.month = placed.month
        and answer_gifts.person_id = placed.person_id
    left join introduced
        on introduced.month = placed.month
        and introduced.person_id = placed.person_id
),

summed as (
    select
        counted.month,
        counted.person_id,
        counted.is_settled,
        counted.has_settled_year,
        counted.answers_given_count,
        counted.answers_received_count,
        counted.stranger_answers_given_count,
        counted.stranger_answers_received_count,
        counted.introductions_made_count,
        counted.introductions_received_count,
        counted.answers_given_count
        + counted.stranger_answers_given_count
        + counted.introductions_made_count as given_count,
        counted.answers_received_count
        + counted.stranger_answers_received_count
        + counted.introductions_received_count as received_count
    from counted
)

select
    summed.month,  -- the month; its window is what the row speaks of
    summed.person_id,  -- everybody with mail in the window
    mail_balances.mutual_strength / nullif(mail_balances.out_strength, 0) as mail_reciprocity,  -- of the decayed mail the person gives, what comes back from the same people; null if they give none; 0 to 1
    summed.given_count,  -- answers to openings, other answers to strangers, introductions made; null while unsettled
    summed.received_count,  -- the same from others; null while unsettled
    cast(summed.given_count as double)
    / nullif(summed.given_count + summed.received_count, 0) as giving_share,  -- given_count over both; null without any; 0 only takes, 1 only gives
    summed.answers_given_count,  -- openings that the person answered for others within seven days, the own manager chain left out
    summed.answers_received_count,  -- openings of the person that others answered within seven days, the own manager chain left out
    summed.stranger_answers_given_count,  -- other answers to people with no earlier tie; null while unsettled
    summed.stranger_answers_received_count,  -- other answers of people with no earlier tie; null while unsettled
    summed.introductions_made_count,  -- pairs of people whom the person brought together; null while unsettled
    summed.introductions_received_count,  -- people whom others brought together with the person; null while unsettled
    coalesce(answer_times.asked_count, 0) as asked_count,  -- openings of others to the person whose seven days are over
    coalesce(answer_times.answered_count, 0) as answered_count,  -- of asked_count, those the person answered
    cast(answer_times.answered_count as double)
    / nullif(answer_times.asked_count, 0) as answer_rate,  -- answered_count over asked_count; null without any; 0 to 1
    answer_times.answer_median_hours,  -- Kaplan-Meier median of the person's time to answer; null where half have no answer; hours
    coalesce(initiations.started_count, 0) as started_count,  -- threads the person began with a message To somebody, once for each
    cast(initiations.started_count as double)
    / nullif(initiations.started_count + initiations.received_start_count, 0) as initiation_share,  -- of the threads begun by the person or To them, those the person began; null without any; 0 to 1
    initiations.initiated_up_count,  -- of started_count, to people nearer to the head of the house; null off every manager chain
    initiations.initiated_level_count,  -- of started_count, to people as near to it
    initiations.initiated_down_count,  -- of started_count, to people further from it
    initiations.answer_up_rate,  -- answer_rate to people nearer to the head of the house; null without openings; 0 to 1
    initiations.answer_level_rate,  -- answer_rate to people as near to it; 0 to 1
    initiations.answer_down_rate,  -- answer_rate to people further from it; 0 to 1
    case when summed.is_settled then coalesce(reached.new_people_count, 0) end as new_people_reached_count,  -- people whom the person was the first to write to in the window, and who turned to them; null while unsettled
    case when summed.has_settled_year then coalesce(surges.called_count, 0) end as revived_count,  -- fading, lapsed and dormant ties to which the person began a thread in the month; null without twelve settled months before
    case
        when summed.has_settled_year then coalesce(surges.called_count - surges.usual_count, 0)
    end as surge,  -- revived_count less its median over the twelve months before; above 0 more than usual; people
    cast(tended.tended_count as double) / tended.tie_count as tended_share  -- of the strongest ties up to the fiftieth, those to which the person began a thread in the window; null without ties; 0 to 1
from summed
left join staging.mail_balances
    on mail_balances.month = summed.month
    and mail_balances.person_id = summed.person_id
left join staging.answer_times
    on answer_times.month = summed.month
    and answer_times.responder_id = summed.person_id
    and answer_times.asker_id = 0
left join staging.initiations
    on initiations.month = summed.month
    and initiations.person_id = summed.person_id
left join reached
    on reached.month = summed.month
    and reached.person_id = summed.person_id
left join staging.surges
    on surges.month = summed.month
    and surges.person_id = summed.person_id
left join tended
    on tended.month = summed.month
    and tended.person_id = summed.person_id
