-- What became of each question that one person opened to another: was it answered, and how soon?
--
-- Grain:   month, message_key, person_id
-- Check:   outcome in ('answered', 'unanswered', 'relieved', 'superseded')
-- Check:   wait_microseconds >= 0
-- Check:   asker_id <> person_id
-- Source:  an answer within seven days: Christidis 2020
-- Caveat:  an opening is a message To a person that names no earlier one. Ann writes to bob on
--          Monday: her message is an opening to bob. What she adds in the same thread is none
-- Caveat:  it is judged once, when its seven days are over, and stands in the month of that day, as
--          staging.asking_days says
-- Caveat:  answered: the person replies to it, or later in its thread, within the seven days, as
--          staging.answers says. Bob writes back on Tuesday; or cat, on Cc, does and bob answers her
-- Caveat:  relieved: somebody else answered and this person did not. Ann asks bob and cat, bob
--          answers after two hours: cat was waited for for two hours and was not asked
-- Caveat:  superseded: the asker opened another thread to the same person within the seven days,
--          and the person neither answered nor wrote to the asker in between. Ann writes on Monday
--          and Tuesday and bob is silent: she asked once, on Tuesday
-- Version: 1

with days as (
    select distinct asking_days.asked_date
    from staging.asking_days
    join staging.wanted_months on wanted_months.month = asking_days.month
),

asked as (
    select
        contacts.contact_date as asked_date,
        contacts.event_id as message_key,
        contacts.from_person_id as asker_id,
        contacts.to_person_id as person_id,
        contacts.contact_at as asked_at,
        lead(contacts.contact_at) over (
            partition by contacts.from_person_id, contacts.to_person_id
            order by contacts.contact_at, contacts.event_id
        ) as asked_again_at
    from staging.contacts
    join days on days.asked_date = contacts.contact_date
    where
        contacts.channel = 'mail_to'
        and contacts.is_thread_start
),

followed as (
    select
        asking_days.month,
        asking_days.as_of,
        asking_days.is_due,
        asked.message_key,
        asked.asker_id,
        asked.person_id,
        asked.asked_at,
        asked.asked_again_at,
        answers.answered_at,
        case when answers.answered_at is null then first_answers.answered_at end as relieved_at
    from asked
    join staging.asking_days on asking_days.asked_date = asked.asked_date
    join staging.wanted_months on wanted_months.month = asking_days.month
    left join staging.answers
        on answers.month = asking_days.month
        and answers.message_key = asked.message_key
        and answers.person_id = asked.person_id
    left join staging.answers as first_answers
        on first_answers.month = asking_days.month
        and first_answers.message_key = asked.message_key
        and first_answers.place = 1
),

repeated as (
    select
        followed.month,
        followed.message_key,
        followed.asker_id,
        followed.person_id,
        followed.asked_at,
        followed.asked_again_at,
        -- A word in between lies in the month of the one or of the other.
        unnest(
            list_distinct(
                [
                    cast(date_trunc('month', followed.asked_at) as date),
                    cast(date_trunc('month', followed.asked_again_at) as date)
                ]
            )
        ) as word_month
    from followed
    cross join staging.parameters
    where
        followed.answered_at is null
        and followed.relieved_at is null
        and followed.asked_again_at < followed.as_of
        and epoch_us(followed.asked_again_at) - epoch_us(followed.asked_at)
        <= parameters.answer_days * 86400000000
),

-- A word from the person ends the run: what was left open before it was left open in good faith.
superseded as (
    select
        repeated.month,
        repeated.message_key,
        repeated.person_id
    from repeated
    left join staging.contacts
        on contacts.month = repeated.word_month
        and contacts.from_person_id = repeated.person_id
        and contacts.to_person_id = repeated.asker_id
        and contacts.contact_at >= repeated.asked_at
        and contacts.contact_at <= repeated.asked_again_at
        and contacts.channel <> 'meeting'
    group by repeated.month, repeated.message_key, repeated.person_id
    having count(contacts.event_id) = 0
)

select
    followed.month,  -- month in which its days are over, or whose end they reach beyond
    followed.message_key,  -- the message that opened it
    followed.asker_id,  -- who wrote it
    followed.person_id,  -- to whom
    followed.asked_at,  -- when; UTC
    followed.is_due,  -- whether its days for an answer are over at as_of
    case
        when followed.answered_at is not null then 'answered'
        when followed.relieved_at is not null then 'relieved'
        when superseded.message_key is not null then 'superseded'
        else 'unanswered'
    end as outcome,  -- answered, unanswered, relieved, superseded: what is known at as_of
    case
        when followed.answered_at is not null
            then greatest(epoch_us(followed.answered_at) - epoch_us(followed.asked_at), 0)
        when followed.relieved_at is not null
            then greatest(epoch_us(followed.relieved_at) - epoch_us(followed.asked_at), 0)
        when superseded.message_key is not null then null
        when followed.is_due then parameters.answer_days * 86400000000
        else epoch_us(followed.as_of) - epoch_us(followed.asked_at)
    end as wait_microseconds  -- until the answer, or for as long as one was waited for; null if superseded; microseconds
from followed
left join superseded
    on superseded.month = followed.month
    and superseded.message_key = followed.message_key
    and superseded.person_id = followed.person_id
cross join staging.parameters
