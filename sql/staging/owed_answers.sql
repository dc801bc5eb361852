-- Whose questions has each mailbox owner left open, longer than is their way?
--
-- Grain:   month, person_id, contact_id
-- Check:   question_count >= 1
-- Check:   waited_hours > 0
-- Check:   usual_hours >= 0
-- Source:  METRICS.md 6: judged against one's own rhythm; the rhythm is that of staging.answer_times
-- Caveat:  bob answers half of what he is asked within five hours. A question of yesterday evening
--          is not yet owed an answer at noon; one of last week is. An answer is owed after twice the
--          usual time and after a day, at the latest after the days that an answer may take
-- Caveat:  open is what nobody answered, however late, after which bob neither wrote to ann nor met
--          her, and which she did not ask again: whoever has spoken since owes nothing
-- Caveat:  a question to many people waits for nobody in particular; what is asked up and down one
--          manager chain is work; and only questions since the mailbox is read are known to be open
-- Version: 1

with asked as (
    select
        wanted_months.month,
        wanted_months.as_of,
        wanted_months.as_of_date,
        questions.month as judged_month,
        questions.message_key,
        questions.asker_id,
        questions.person_id,
        questions.asked_at,
        (epoch_us(wanted_months.as_of) - epoch_us(questions.asked_at)) / 3600000000e0 as waited_hours
    from staging.questions
    join staging.window_days on window_days.window_date = cast(questions.asked_at as date)
    join staging.wanted_months on wanted_months.month = window_days.month
    join staging.owners
        on owners.person_id = questions.person_id
        and owners.first_covered_at <= questions.asked_at
    where
        questions.outcome = 'unanswered'
        and (
            (questions.is_due and questions.month <= wanted_months.month)
            or (not questions.is_due and questions.month = wanted_months.month)
        )
),

overdue as (
    select
        asked.month,
        asked.as_of,
        asked.as_of_date,
        asked.judged_month,
        asked.message_key,
        asked.asker_id,
        asked.person_id,
        asked.asked_at,
        asked.waited_hours,
        answer_times.answer_median_hours as usual_hours
    from asked
    join staging.answer_times
        on answer_times.month = asked.month
        and answer_times.responder_id = asked.person_id
        and answer_times.asker_id = 0
    left join staging.superiors as above
        on above.month = asked.month
        and above.person_id = asked.person_id
        and above.superior_id = asked.asker_id
    left join staging.superiors as below
        on below.month = asked.month
        and below.person_id = asked.asker_id
        and below.superior_id = asked.person_id
    cross join staging.parameters
    where
        above.person_id is null
        and below.person_id is null
        and asked.waited_hours > least(
            greatest(
                parameters.owed_wait_ratio
                * coalesce(answer_times.answer_median_hours, 24 * parameters.answer_days),
                parameters.owed_wait_hours
            ),
            24 * parameters.answer_days
        )
),

-- Most have spoken in the month itself; only of the others it is asked what they did before.
silent as (
    select
        overdue.month,
        overdue.as_of,
        overdue.as_of_date,
        overdue.judged_month,
        overdue.message_key,
        overdue.asker_id,
        overdue.person_id,
        overdue.asked_at,
        overdue.waited_hours,
        overdue.usual_hours
    from overdue
    left join staging.contact_days
        on contact_days.month = overdue.month
        and contact_days.from_person_id = overdue.person_id
        and contact_days.to_person_id = overdue.asker_id
        and contact_days.last_contact_at > overdue.asked_at
        and contact_days.contact_date < overdue.as_of_date
    where contact_days.month is null
),

first_silent as (
    select cast(date_trunc('month', min(silent.asked_at)) as date) as month
    from silent
),

words as (
    select
        contact_days.from_person_id,
        contact_days.to_person_id,
        contact_days.contact_date,
        contact_days.last_contact_at
    from staging.contact_days
    join first_silent on contact_days.month >= first_silent.month
),

replies as (
    select
        replies.parent_key as message_key,
        replies.author_id,
        replies.sent_at
    from staging.replies
    join first_silent on replies.month >= first_silent.month
    where replies.author_id is not null
    union all
    select
        replies.thread_key as message_key,
        replies.author_id,
        replies.sent_at
    from staging.replies
    join first_silent on replies.month >= first_silent.month
    where
        replies.author_id is not null
        and replies.thread_key <> replies.parent_key
),

unanswered as (
    select
        silent.month,
        silent.judged_month,
        silent.message_key,
        silent.asker_id,
        silent.person_id,
        silent.asked_at,
        silent.waited_hours,
        silent.usual_hours
    from silent
    left join words
        on words.from_person_id = silent.person_id
        and words.to_person_id = silent.asker_id
        and words.last_contact_at > silent.asked_at
        and words.contact_date < silent.as_of_date
    left join replies
        on replies.message_key = silent.message_key
        and replies.author_id <> silent.asker_id
        and replies.sent_at < silent.as_of
    where
        words.from_person_id is null
        and replies.message_key is null
),

-- Whoever is asked in a crowd is not waited for.
crowds as (
    select
        questions.month as judged_month,
        questions.message_key
    from (
        select distinct
            unanswered.judged_month,
            unanswered.message_key
        from unanswered
    ) as unanswered
    join staging.questions
        on questions.month = unanswered.judged_month
        and questions.message_key = unanswered.message_key
    cross join staging.parameters
    group by questions.month, questions.message_key, parameters.owed_people_limit
    having count(*) > parameters.owed_people_limit
),

owed as (
    select
        unanswered.month,
        unanswered.person_id,
        unanswered.asker_id,
        unanswered.message_key,
        unanswered.waited_hours,
        unanswered.usual_hours,
        row_number() over (
            partition by unanswered.month, unanswered.person_id, unanswered.asker_id
            order by unanswered.asked_at desc, unanswered.message_key
        ) as place
    from unanswered
    left join crowds
        on crowds.judged_month = unanswered.judged_month
        and crowds.message_key = unanswered.message_key
    where crowds.message_key is null
),

counted as (
    select
        owed.month,
        owed.person_id,
        owed.asker_id,
        count(*) as question_count,
        min(owed.waited_hours) as waited_hours,
        max(owed.usual_hours) as usual_hours,
        string_agg('message:' || cast(owed.message_key as varchar), ' ' order by owed.place) filter (
            where owed.place <= parameters.opening_event_limit
        ) as events
    from owed
    cross join staging.parameters
    group by all
)

select
    counted.month,  -- the month
    counted.person_id,  -- somebody whose mailbox is read
    counted.asker_id as contact_id,  -- who waits for an answer
    counted.question_count,  -- questions that are open; questions
    counted.waited_hours,  -- since the newest of them; hours
    counted.usual_hours,  -- Kaplan-Meier median of the person's time to answer; null where half have no answer; hours
    counted.events,  -- the newest of these messages, newest first: message:KEY, divided by spaces
    tie_strength.strength  -- strength of the tie; 0 where it is one-way
from counted
join metrics.tie_strength
    on tie_strength.month = counted.month
    and tie_strength.person_id = counted.person_id
    and tie_strength.contact_id = counted.asker_id
