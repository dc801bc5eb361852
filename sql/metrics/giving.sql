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
-- Source:   giving, surge, tended: kith, METRICS.md 4
-- Caveat:   the value of what is given cannot be seen: an answer is an answer, however short
-- Caveat:   what passes between a person and those above or below in their own manager chain is no
--           gift either way; it counts for the rates of answers
-- Caveat:   what needs a past is null until the person's own mailbox is settled; where it is not
--           read, until any mailbox is
-- Version:  2

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

mail as (
    select
        tie_states.month,
        tie_states.person_id,
        sum(
            cast(
                round(
                    least(tie_states.mail_out_strength, tie_states.mail_in_strength) * 1e12
                ) as bigint
            )
        ) / 1e12 as mutual_strength,
        sum(cast(round(tie_states.mail_out_strength * 1e12) as bigint)) / 1e12 as out_strength
    from staging.tie_states
    join staging.wanted_months on wanted_months.month = tie_states.month
    group by all
),

tended as (
    select
        tie_strength.month,
        tie_strength.person_id,
        count(*) as tie_count,
        count(*) filter (where exchanges.started_count > 0) as tended_count
    from metrics.tie_strength
    join staging.wanted_months on wanted_months.month = tie_strength.month
    cross join staging.parameters
    left join staging.exchanges
        on exchanges.month = tie_strength.month
        and exchanges.person_id = tie_strength.person_id
        and exchanges.contact_id = tie_strength.contact_id
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
    join staging.tie_states
        on tie_states.month = beginnings.month
        and tie_states.person_id = beginnings.person_id
        and tie_states.contact_id = beginnings.contact_id
    where
        beginnings.is_new
        and tie_states.state <> 'one_way'
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
    least(mail.mutual_strength, mail.out_strength)
    / nullif(mail.out_strength, 0) as mail_reciprocity,  -- of the decayed mail the person gives, what comes back from the same people; null if they give none; 0 to 1
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
left join mail
    on mail.month = summed.month
    and mail.person_id = summed.person_id
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
