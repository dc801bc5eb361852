-- Which message does each answer answer?
--
-- Grain:   month, message_key
-- Check:   found_by in ('in_reply_to', 'references', 'thread')
-- Check:   parent_month <= month
-- Check:   parent_key <> message_key
-- Check:   parent_sent_at is not null
-- Source:  In-Reply-To, then References, then the conversation: RFC 5322, 3.6.4
-- Caveat:  a header is believed against the clock: where an answer is dated before what it names,
--          a clock was wrong, and the answer is one. Where two messages name each other, the later
--          one answers
-- Caveat:  a parent dated after the month's end is not known yet; an answer out of office is none
-- Caveat:  a message that its thread alone places answers the last earlier message of the thread
--          by somebody else: ann writes twice, bob's answer goes to ann's second message
-- Version: 1

with last_wanted as (
    select max(wanted_months.month) as month
    from staging.wanted_months
),

-- Ids that only merged copies of a message bear.
renamed as (
    select
        misnamed_copies.id_key,
        min(misnamed_copies.message_key) as message_key
    from staging.misnamed_copies
    join last_wanted on misnamed_copies.month <= last_wanted.month
    where misnamed_copies.rule = 'same_content'
    group by misnamed_copies.id_key
),

known as (
    select
        messages.message_key,
        messages.month,
        messages.sent_at,
        messages.author_id,
        messages.in_reply_to_key
    from staging.messages
    join last_wanted on messages.month <= last_wanted.month
),

written as (
    select
        messages.month,
        messages.message_key,
        messages.sent_at,
        messages.author_id,
        messages.thread_key,
        coalesce(renamed.message_key, messages.in_reply_to_key) as in_reply_to_key,
        messages.reference_keys
    from staging.messages
    join staging.wanted_months on wanted_months.month = messages.month
    left join renamed on renamed.id_key = messages.in_reply_to_key
    where
        not messages.is_automated
        and not messages.is_thread_start
),

answered as (
    select
        written.month,
        written.message_key,
        known.message_key as parent_key,
        known.month as parent_month,
        known.sent_at as parent_sent_at,
        known.author_id as parent_author_id
    from written
    join known on known.message_key = written.in_reply_to_key
    where
        known.month <= written.month
        and known.message_key <> written.message_key
        and (
            known.sent_at < written.sent_at
            or (known.sent_at = written.sent_at and known.message_key < written.message_key)
            or known.in_reply_to_key is distinct from written.message_key
        )
),

-- References are long: they are opened only where In-Reply-To leads nowhere.
numbered as (
    select
        written.month,
        written.message_key,
        written.sent_at,
        written.reference_keys,
        unnest(range(1, array_length(written.reference_keys) + 1)) as place
    from written
    left join answered on answered.message_key = written.message_key
    where answered.message_key is null
),

named as (
    select
        numbered.month,
        numbered.message_key,
        numbered.sent_at,
        numbered.place,
        coalesce(renamed.message_key, numbered.reference_keys[numbered.place]) as named_key
    from numbered
    left join renamed on renamed.id_key = numbered.reference_keys[numbered.place]
),

candidates as (
    select
        named.month,
        named.message_key,
        known.message_key as parent_key,
        known.month as parent_month,
        known.sent_at as parent_sent_at,
        known.author_id as parent_author_id,
        row_number() over (
            partition by named.message_key
            order by named.place desc, known.sent_at desc, known.message_key
        ) as choice
    from named
    join known on known.message_key = named.named_key
    where
        known.month <= named.month
        and known.message_key <> named.message_key
        and (
            known.sent_at < named.sent_at
            or (known.sent_at = named.sent_at and known.message_key < named.message_key)
            or known.in_reply_to_key is distinct from named.message_key
        )
),

referenced as (
    select
        candidates.month,
        candidates.message_key,
        candidates.parent_key,
        candidates.parent_month,
        candidates.parent_sent_at,
        candidates.parent_author_id
    from candidates
    where candidates.choice = 1
),

unplaced as (
    select
        written.message_key,
        written.thread_key
    from written
    left join answered on answered.message_key = written.message_key
    left join referenced on referenced.message_key = written.message_key
    where
        written.author_id is not null
        and answered.message_key is null
        and referenced.message_key is null
),

-- Who spoke in turn in their threads: everybody's messages from one change of speaker to the next
-- are one turn, and all of a turn answer the last message before it.
spoken as (
    select
        messages.thread_key,
        messages.message_key,
        messages.sent_at,
        messages.author_id,
        lag(messages.author_id) over thread as parent_author_id,
        lag(messages.message_key) over thread as parent_key,
        lag(messages.month) over thread as parent_month,
        lag(messages.sent_at) over thread as parent_sent_at
    from staging.messages
    join last_wanted on messages.month <= last_wanted.month
    where
        messages.author_id is not null
        and not messages.is_automated
        and messages.thread_key in (
            select unplaced.thread_key
            from unplaced
        )
    window thread as (
        partition by messages.thread_key
        order by messages.sent_at, messages.message_key
    )
),

turns as (
    select
        spoken.thread_key,
        spoken.message_key,
        spoken.sent_at,
        spoken.parent_author_id,
        spoken.parent_key,
        spoken.parent_month,
        spoken.parent_sent_at,
        sum(
            case when spoken.parent_author_id is distinct from spoken.author_id then 1 else 0 end
        ) over (
            partition by spoken.thread_key
            order by spoken.sent_at, spoken.message_key
        ) as turn
    from spoken
),

opened as (
    select
        turns.message_key,
        first_value(turns.parent_key) over one_turn as parent_key,
        first_value(turns.parent_month) over one_turn as parent_month,
        first_value(turns.parent_sent_at) over one_turn as parent_sent_at,
        first_value(turns.parent_author_id) over one_turn as parent_author_id
    from turns
    window one_turn as (
        partition by turns.thread_key, turns.turn
        order by turns.sent_at, turns.message_key
    )
),

found as (
    select
        answered.message_key,
        answered.parent_key,
        answered.parent_month,
        answered.parent_sent_at,
        answered.parent_author_id,
        'in_reply_to' as found_by
    from answered
    union all
    select
        referenced.message_key,
        referenced.parent_key,
        referenced.parent_month,
        referenced.parent_sent_at,
        referenced.parent_author_id,
        'references' as found_by
    from referenced
    union all
    select
        unplaced.message_key,
        opened.parent_key,
        opened.parent_month,
        opened.parent_sent_at,
        opened.parent_author_id,
        'thread' as found_by
    from unplaced
    join opened on opened.message_key = unplaced.message_key
    where opened.parent_key is not null
)

select
    written.month,  -- month of the answer
    written.message_key,  -- the answer
    found.parent_key,  -- the message it answers
    found.parent_month,  -- month of that
    written.thread_key,  -- the oldest message of the thread
    written.author_id,  -- who answers; null where that is no person
    found.parent_author_id,  -- who is answered, possibly oneself; null where that is no person
    written.sent_at,  -- when the answer was sent; UTC
    found.parent_sent_at,  -- when the message it answers was sent; UTC
    found.found_by  -- in_reply_to, references, thread: what says so
from written
join found on found.message_key = written.message_key
