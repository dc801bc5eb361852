-- Which answers went to people with whom there had been no contact before their question?
--
-- Grain:   month, message_key
-- Check:   person_id <> contact_id
-- Source:  kith's own: answers to people with no earlier tie
-- Caveat:  earlier is before the answered message was sent; a contact of any kind and either way
--          makes a tie. Ann, unknown to bob, writes to a list, and bob answers there: an answer to
--          a stranger. His second answer to her is one only as long as he answers the list alone
-- Caveat:  while little of the past has been read everybody looks like a stranger
-- Version: 1

with answered as (
    select
        replies.month,
        replies.message_key,
        replies.parent_month,
        replies.parent_key,
        replies.parent_sent_at,
        replies.sent_at,
        replies.author_id as person_id,
        replies.parent_author_id as contact_id,
        least(replies.author_id, replies.parent_author_id) as first_id,
        greatest(replies.author_id, replies.parent_author_id) as second_id
    from staging.replies
    join staging.wanted_months on wanted_months.month = replies.month
    where replies.author_id <> replies.parent_author_id
),

pairs as (
    select distinct
        answered.first_id,
        answered.second_id
    from answered
),

firsts as (
    select
        pair_months.first_id,
        pair_months.second_id,
        min(pair_months.first_contact_at) as first_contact_at
    from staging.pair_months
    join pairs
        on pairs.first_id = pair_months.first_id
        and pairs.second_id = pair_months.second_id
    group by all
)

select
    answered.month,  -- month of the answer
    answered.message_key,  -- the answer
    answered.person_id,  -- who answered
    answered.contact_id,  -- whom, a stranger until they wrote
    answered.sent_at,  -- when; UTC
    contacts.event_id is not null as is_opening  -- whether the question was opened To the person, so that it is counted among the openings, too
from answered
left join firsts
    on firsts.first_id = answered.first_id
    and firsts.second_id = answered.second_id
left join staging.contacts
    on contacts.month = answered.parent_month
    and contacts.event_id = answered.parent_key
    and contacts.from_person_id = answered.contact_id
    and contacts.to_person_id = answered.person_id
    and contacts.channel = 'mail_to'
    and contacts.is_thread_start
where
    firsts.first_contact_at is null
    or firsts.first_contact_at >= answered.parent_sent_at
