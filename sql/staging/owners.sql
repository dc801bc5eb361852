-- Whose own mailboxes are read, and from when on do they know that person's past?
--
-- Grain:   person_id
-- Check:   settled_at > first_covered_at
-- Caveat:  whoever has several is known from the first thing in any of them on
-- Touches: first_covered_at
-- Version: 1

select
    mailboxes.person_id,  -- somebody whose mailbox is read
    min(mailboxes.first_covered_at) as first_covered_at,  -- the first that it holds; UTC
    min(mailboxes.settled_at) as settled_at  -- from then on it can say what is new; UTC
from staging.mailboxes
where mailboxes.person_id is not null
group by mailboxes.person_id
