-- What could each person do next: whom to answer, introduce, tend, call again, and where to look?
--
-- Grain:    month, person_id, kind, rank
-- Personal: person_id
-- Check:    kind in ('answer_owed', 'introduction_you_could_make', 'tie_worth_tending', 'dormant_but_worth_it', 'new_direction')
-- Check:    rank between 1 and 5
-- Check:    contact_id <> person_id
-- Check:    second_id <> person_id
-- Check:    second_id <> contact_id
-- Check:    reason is not null
-- Check:    events is not null
-- Source:   dormant ties: Levin, Walter & Murnighan 2011, Organization Science 22:923;
--           overlap: Onnela et al. 2007, PNAS 104:7332; the choice is kith's own
-- Caveat:   suggestions from traces of contact, for the person alone: what a tie is worth, and whether
--           a question needed an answer, is not known
-- Caveat:   only for people whose mailbox is read, in the months that it covers
-- Caveat:   events are those in which the person took part; how others know each other is not shown
-- Caveat:   a tie worth tending is none to whom an answer is owed: the answer tends it
-- Version:  2
--
-- Topic:    What next?

with fading as (
    select
        tie_strength.month,
        tie_strength.person_id,
        tie_strength.contact_id,
        tie_strength.strength,
        tie_strength.usual_gap_days,
        tie_strength.silence_days,
        tie_strength.last_contact_at,
        coalesce(tie_strength.overlap, 0) as overlap
    from metrics.tie_strength
    join staging.wanted_months on wanted_months.month = tie_strength.month
    join staging.owners
        on owners.person_id = tie_strength.person_id
        and owners.first_covered_at < wanted_months.as_of
    left join staging.owed_answers
        on owed_answers.month = tie_strength.month
        and owed_answers.person_id = tie_strength.person_id
        and owed_answers.contact_id = tie_strength.contact_id
    cross join staging.parameters
    where
        tie_strength.state = 'fading'
        and owed_answers.month is null
        and tie_strength.strength >= parameters.strong_strength
        -- Off the network nobody knows what is shared.
        and tie_strength.share is not null
        and coalesce(tie_strength.overlap, 0) <= parameters.low_overlap
),

found as (
    select
        owed_answers.month,
        owed_answers.person_id,
        'answer_owed' as kind,
        owed_answers.contact_id,
        cast(null as bigint) as second_id,
        cast(null as varchar) as group_name,
        owed_answers.strength as worth,
        case
            when owed_answers.question_count = 1 then 'One question is open'
            else cast(owed_answers.question_count as varchar) || ' questions are open, the newest'
        end
        || ' for '
        || case
            when owed_answers.waited_hours < 48 then 'a day'
            else cast(cast(floor(owed_answers.waited_hours / 24) as bigint) as varchar) || ' days'
        end
        || case
            when owed_answers.usual_hours is null
                then '; of all questions, fewer than half get an answer in time'
            when owed_answers.usual_hours < 1.5 then '; half of all questions are answered within an hour'
            else '; half of all questions are answered within '
                || cast(cast(round(owed_answers.usual_hours) as bigint) as varchar) || ' hours'
        end as reason,
        cast(null as timestamptz) as last_contact_at,
        cast(null as timestamptz) as second_last_contact_at,
        owed_answers.events
    from staging.owed_answers
    join staging.wanted_months on wanted_months.month = owed_answers.month
    union all
    select
        possible_introductions.month,
        possible_introductions.person_id,
        'introduction_you_could_make' as kind,
        possible_introductions.contact_id,
        possible_introductions.second_id,
        cast(null as varchar) as group_name,
        possible_introductions.second_strength as worth,
        'In contact with the one on ' || cast(possible_introductions.contact_day_count as varchar)
        || ' and with the other on '
        || cast(possible_introductions.second_contact_day_count as varchar)
        || ' of the last ' || cast(parameters.window_days as varchar)
        || ' days; they belong to different communities, and no contact between them is known'
            as reason,
        possible_introductions.last_contact_at,
        possible_introductions.second_last_contact_at,
        cast(null as varchar) as events
    from staging.possible_introductions
    join staging.wanted_months on wanted_months.month = possible_introductions.month
    cross join staging.parameters
    union all
    select
        fading.month,
        fading.person_id,
        'tie_worth_tending' as kind,
        fading.contact_id,
        cast(null as bigint) as second_id,
        cast(null as varchar) as group_name,
        fading.strength as worth,
        'In contact every '
        || case
            when fading.usual_gap_days < 1.5 then 'active day'
            else cast(cast(round(fading.usual_gap_days) as bigint) as varchar) || ' active days'
        end
        || ' before, not for ' || cast(fading.silence_days as varchar) || ' now; '
        || cast(cast(round(100 * fading.overlap) as bigint) as varchar)
        || ' % of all contacts are shared' as reason,
        fading.last_contact_at,
        cast(null as timestamptz) as second_last_contact_at,
        cast(null as varchar) as events
    from fading
    union all
    select
        dormant_ties.month,
        dormant_ties.person_id,
        'dormant_but_worth_it' as kind,
        dormant_ties.contact_id,
        cast(null as bigint) as second_id,
        cast(null as varchar) as group_name,
        dormant_ties.strength as worth,
        'In contact on '
        || case
            when dormant_ties.contact_day_count = 1 then 'one day'
            else cast(dormant_ties.contact_day_count as varchar) || ' days'
        end
        || ' before, not for '
        || case
            when dormant_ties.silent_days < 730
                then cast(dormant_ties.silent_days // 30 as varchar) || ' months'
            else cast(dormant_ties.silent_days // 365 as varchar) || ' years'
        end
        || ' now; '
        || cast(cast(round(100 * dormant_ties.overlap) as bigint) as varchar)
        || ' % of all contacts are shared today' as reason,
        dormant_ties.last_contact_at,
        cast(null as timestamptz) as second_last_contact_at,
        cast(null as varchar) as events
    from staging.dormant_ties
    join staging.wanted_months on wanted_months.month = dormant_ties.month
    cross join staging.parameters
    where dormant_ties.overlap <= parameters.low_overlap
    union all
    select
        new_directions.month,
        new_directions.person_id,
        'new_direction' as kind,
        new_directions.contact_id,
        cast(null as bigint) as second_id,
        new_directions.group_name,
        new_directions.strength as worth,
        'None of ' || cast(new_directions.contact_count as varchar)
        || ' contacts belongs to this group of ' || cast(new_directions.people_count as varchar)
        || ' people; this contact knows ' || cast(new_directions.reached_count as varchar)
        || ' of them' as reason,
        new_directions.last_contact_at,
        cast(null as timestamptz) as second_last_contact_at,
        cast(null as varchar) as events
    from staging.new_directions
    join staging.wanted_months on wanted_months.month = new_directions.month
),

ranked as (
    select
        found.month,
        found.person_id,
        found.kind,
        row_number() over (
            partition by found.month, found.person_id, found.kind
            order by found.worth desc, found.contact_id, found.second_id, found.group_name
        ) as rank,
        found.contact_id,
        found.second_id,
        found.group_name,
        found.reason,
        found.last_contact_at,
        found.second_last_contact_at,
        found.events
    from found
),

kept as (
    select
        ranked.month,
        ranked.person_id,
        ranked.kind,
        ranked.rank,
        ranked.contact_id,
        ranked.second_id,
        ranked.group_name,
        ranked.reason,
        ranked.last_contact_at,
        ranked.second_last_contact_at,
        ranked.events
    from ranked
    cross join staging.parameters
    where ranked.rank <= parameters.opening_limit
),

last_contacts as (
    select
        kept.person_id,
        kept.contact_id,
        kept.last_contact_at
    from kept
    where kept.last_contact_at is not null
    union
    select
        kept.person_id,
        kept.second_id as contact_id,
        kept.second_last_contact_at as last_contact_at
    from kept
    where kept.second_last_contact_at is not null
),

-- Of several at the same instant one is named.
last_events as (
    select
        last_contacts.person_id,
        last_contacts.contact_id,
        last_contacts.last_contact_at,
        min(
            case when contacts.channel = 'meeting' then 'meeting:' else 'message:' end
            || cast(contacts.event_id as varchar)
        ) as event
    from last_contacts
    join staging.contacts
        on contacts.month = cast(date_trunc('month', last_contacts.last_contact_at) as date)
        and contacts.contact_at = last_contacts.last_contact_at
        and least(contacts.from_person_id, contacts.to_person_id)
        = least(last_contacts.person_id, last_contacts.contact_id)
        and greatest(contacts.from_person_id, contacts.to_person_id)
        = greatest(last_contacts.person_id, last_contacts.contact_id)
    group by all
)

select
    kept.month,  -- the month; its end is what the row describes
    kept.person_id,  -- who could do it
    kept.kind,  -- answer_owed, introduction_you_could_make, tie_worth_tending, dormant_but_worth_it, new_direction
    kept.rank,  -- 1 for the first of its kind, by the strength of the tie, of the weaker of two, or of the one there once was
    kept.contact_id,  -- whom it concerns; for a new direction, through whom
    kept.second_id,  -- the other to be introduced; null for the other kinds
    kept.group_name,  -- the new direction: a department inside, a domain outside; null for the other kinds
    kept.reason,  -- what speaks for it, in words and numbers
    coalesce(
        kept.events,
        last_events.event || coalesce(' ' || second_events.event, '')
    ) as events  -- what it rests on: the newest open questions, or the last contact with each; message:KEY or meeting:KEY, divided by spaces
from kept
left join last_events
    on last_events.person_id = kept.person_id
    and last_events.contact_id = kept.contact_id
    and last_events.last_contact_at = kept.last_contact_at
left join last_events as second_events
    on second_events.person_id = kept.person_id
    and second_events.contact_id = kept.second_id
    and second_events.last_contact_at = kept.second_last_contact_at
