-- Who is connected with whom in the network of each month, and how strongly?
--
-- Grain:   month, person_id, contact_id
-- Check:   strength > 0
-- Check:   person_id <> contact_id
-- Source:  kith's own: undirected, where both directions have contact in the window
-- Caveat:  one-way mail is never an edge; a meeting is contact both ways
-- Version: 1

select
    tie_states.month,  -- month whose network it is
    tie_states.person_id,  -- one end; every edge stands twice, once for each end
    tie_states.contact_id,  -- the other end
    tie_states.strength  -- strength of the tie, the same both ways
from staging.tie_states
join staging.wanted_months on wanted_months.month = tie_states.month
where
    tie_states.strength > 0
    and (
        tie_states.meeting_count > 0
        or (tie_states.out_count > 0 and tie_states.in_count > 0)
    )
