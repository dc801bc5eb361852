-- Who brought two people together who had not been in contact before?
--
-- Grain:   month, introducer_id, first_id, second_id
-- Check:   first_id < second_id
-- Check:   introducer_id <> first_id
-- Check:   introducer_id <> second_id
-- Check:   introduced_at < followed_at
-- Source:  kith's own: giving that no other system measures
-- Caveat:  ann writes to bob and cat, who have never been in contact; within 30 days bob writes to
--          cat, or cat to bob, in any message but a reply-all to ann: an introduction in the month
--          of that message. What she meant is not known
-- Caveat:  only where the mailbox of one of the two was settled when the introducer wrote: else
--          nobody can say that there was no earlier contact
-- Caveat:  who is on Bcc is introduced to nobody; a list among the addresses counts as one bystander
-- Version: 1
--
-- Topic:   Who gives?

with bounds as (
    select
        cast(
            date_trunc(
                'month', min(wanted_months.month) - cast(parameters.introduction_days as integer)
            ) as date
        ) as first_month,
        max(wanted_months.month) as last_month
    from staging.wanted_months
    cross join staging.parameters
    group by parameters.introduction_days
),

-- Whoever is introduced has their first contact ever in the month of the confirming one or shortly
-- before it, as a reply-all to the introducer comes earlier.
new_pairs as (
    select
        pair_histories.first_id,
        pair_histories.second_id,
        pair_histories.first_contact_at,
        least(firsts.settled_at, seconds.settled_at) as settled_at
    from staging.pair_histories
    join bounds on pair_histories.month between bounds.first_month and bounds.last_month
    left join staging.owners as firsts on firsts.person_id = pair_histories.first_id
    left join staging.owners as seconds on seconds.person_id = pair_histories.second_id
    where
        cast(pair_histories.first_contact_at as date) >= pair_histories.month
        and pair_histories.first_contact_at > least(firsts.settled_at, seconds.settled_at)
),

span as (
    select
        min(new_pairs.first_contact_at) as first_contact_at,
        max(new_pairs.first_contact_at) as last_contact_at
    from new_pairs
),

letters as (
    select
        messages.month,
        messages.message_key,
        messages.author_id,
        messages.sent_at,
        messages.thread_key
    from staging.messages
    cross join span
    cross join staging.parameters
    where
        cast(messages.sent_at as date)
        >= cast(span.first_contact_at as date) - cast(parameters.introduction_days as integer)
        and messages.sent_at < span.last_contact_at
        and messages.author_id is not null
        and not messages.is_automated
        and messages.address_count between 2 and 2 + parameters.introduction_bystander_limit
),

shown as (
    select
        letters.month,
        letters.message_key,
        letters.author_id,
        letters.sent_at,
        letters.thread_key,
        recipients.person_id
    from letters
    join staging.recipients
        on recipients.month = letters.month
        and recipients.message_key = letters.message_key
    where recipients.role <> 'bcc'
),

introduced as (
    select
        ones.message_key,
        ones.thread_key,
        ones.author_id as introducer_id,
        ones.sent_at as introduced_at,
        new_pairs.first_id,
        new_pairs.second_id
    from shown as ones
    join shown as others
        on others.message_key = ones.message_key
        and others.person_id > ones.person_id
    join new_pairs
        on new_pairs.first_id = ones.person_id
        and new_pairs.second_id = others.person_id
    cross join staging.parameters
    where
        ones.sent_at < new_pairs.first_contact_at
        and ones.sent_at >= new_pairs.settled_at
        and epoch_us(new_pairs.first_contact_at) - epoch_us(ones.sent_at)
        <= parameters.introduction_days * 86400000000
),

talks as (
    select
        new_pairs.first_id,
        new_pairs.second_id,
        contacts.month,
        contacts.event_id,
        contacts.thread_id,
        contacts.contact_at
    from new_pairs
    join staging.contacts
        on least(contacts.from_person_id, contacts.to_person_id) = new_pairs.first_id
        and greatest(contacts.from_person_id, contacts.to_person_id) = new_pairs.second_id
    join bounds on contacts.month between bounds.first_month and bounds.last_month
    cross join staging.parameters
    where
        contacts.channel <> 'meeting'
        and epoch_us(contacts.contact_at) - epoch_us(new_pairs.first_contact_at)
        <= parameters.introduction_days * 86400000000
),

followed as (
    select
        introduced.introducer_id,
        introduced.first_id,
        introduced.second_id,
        introduced.introduced_at,
        talks.contact_at
    from introduced
    join talks
        on talks.first_id = introduced.first_id
        and talks.second_id = introduced.second_id
    cross join staging.parameters
    left join staging.replies
        on replies.month = talks.month
        and replies.message_key = talks.event_id
        and replies.parent_author_id = introduced.introducer_id
    left join staging.recipients as listeners
        on listeners.month = talks.month
        and listeners.message_key = talks.event_id
        and listeners.person_id = introduced.introducer_id
    where
        epoch_us(talks.contact_at) - epoch_us(introduced.introduced_at)
        between 1 and parameters.introduction_days * 86400000000
        and not (
            listeners.person_id is not null
            and (replies.message_key is not null or talks.thread_id = introduced.thread_key)
        )
),

confirmed as (
    select
        followed.introducer_id,
        followed.first_id,
        followed.second_id,
        min(followed.introduced_at) as introduced_at,
        min(followed.contact_at) as followed_at
    from followed
    group by all
)

select
    wanted_months.month,  -- month of the confirming contact
    confirmed.introducer_id,  -- who wrote to both
    confirmed.first_id,  -- one of the two, with the smaller id
    confirmed.second_id,  -- the other
    confirmed.introduced_at,  -- first message of the introducer to both within 30 days of it; UTC
    confirmed.followed_at  -- the confirming contact: first message between the two that is no reply-all to the introducer; UTC
from confirmed
join staging.wanted_months
    on wanted_months.month = cast(date_trunc('month', confirmed.followed_at) as date)
