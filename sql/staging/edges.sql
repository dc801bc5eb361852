-- Who is connected with whom in the network of each month, and how strongly?
--
-- Grain:   month, person_id, contact_id
-- Check:   strength > 0
-- Check:   person_id <> contact_id
-- Source:  kith's own: undirected, where both directions have contact in the window
-- Caveat:  one-way mail is never an edge; a meeting is contact both ways
-- Version: 2

with ends as (
    select unnest([true, false]) as is_first
)

select
    tie_months.month,  -- month whose network it is
    case when ends.is_first then tie_months.first_id else tie_months.second_id end as person_id,  -- one end; every edge stands twice, once for each end
    case when ends.is_first then tie_months.second_id else tie_months.first_id end as contact_id,  -- the other end
    tie_months.strength,  -- strength of the tie, the same both ways
    tie_months.mutual_date,  -- day from which both had turned to each other
    tie_months.meeting_hours  -- time together in meetings in the window; hours
from staging.tie_months
join staging.wanted_months on wanted_months.month = tie_months.month
cross join ends
where
    tie_months.strength > 0
    and (
        tie_months.meeting_count > 0
        or (tie_months.there_mail_count > 0 and tie_months.back_mail_count > 0)
    )
