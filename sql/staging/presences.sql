-- Which people accepted, are tentative about or organised each calendar entry?
--
-- Grain:   month, meeting_key, person_id
-- Check:   presence in ('organised', 'accepted', 'tentative')
-- Caveat:  whoever accepted is taken to have come; an organiser is present unless they declined
-- Version: 1

with invited as (
    select
        occurrences.month,
        occurrences.meeting_key,
        unnest(occurrences.attendees) as attendee
    from staging.occurrences
    join staging.wanted_months on wanted_months.month = occurrences.month
),

answers as (
    select
        invited.month,
        invited.meeting_key,
        invited.attendee.address_key,
        case invited.attendee.response
            when 'accepted' then 2
            when 'tentative' then 3
            when 'declined' then 4
            else 5
        end as answer_rank
    from invited
    where coalesce(invited.attendee.kind, 'unknown') in ('person', 'unknown')
    union all
    select
        occurrences.month,
        occurrences.meeting_key,
        occurrences.organizer_key as address_key,
        1 as answer_rank
    from staging.occurrences
    join staging.wanted_months on wanted_months.month = occurrences.month
),

people as (
    select
        answers.month,
        answers.meeting_key,
        addresses.person_id,
        min(answers.answer_rank) as answer_rank,
        -- Two addresses of one person may be invited: only a refusal without any assent refuses.
        bool_or(answers.answer_rank = 4) and not bool_or(answers.answer_rank in (2, 3)) as is_declined
    from answers
    join staging.addresses
        on addresses.address_key = answers.address_key
        and addresses.kind = 'person'
    group by all
)

select
    people.month,  -- month the entry began in
    people.meeting_key,  -- the occurrence
    people.person_id,  -- a person who is taken to have been there
    case people.answer_rank
        when 1 then 'organised'
        when 2 then 'accepted'
        else 'tentative'
    end as presence  -- organised, accepted, tentative
from people
where
    people.answer_rank <= 3
    and not people.is_declined
