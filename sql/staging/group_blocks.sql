-- What connects any two groups, large or small, in the network of each month?
--
-- Grain:   month, group_a, group_b
-- Check:   group_a <= group_b
-- Check:   tie_count >= 1
-- Check:   people_count >= 2
-- Caveat:  people of no group (freemail) are left out
-- Caveat:  never published: small groups stand here, too
-- Version: 1

-- Every edge stands twice, once for each end.
with ends as (
    select
        edges.month,
        least(own.group_name, theirs.group_name) as group_a,
        greatest(own.group_name, theirs.group_name) as group_b,
        edges.person_id,
        edges.contact_id,
        edges.strength
    from staging.edges
    join staging.wanted_months on wanted_months.month = edges.month
    join staging.memberships as own
        on own.month = edges.month
        and own.person_id = edges.person_id
    join staging.memberships as theirs
        on theirs.month = edges.month
        and theirs.person_id = edges.contact_id
    where
        own.group_name is not null
        and theirs.group_name is not null
)

select
    ends.month,  -- month whose network it is
    ends.group_a,  -- one group; the first by name
    ends.group_b,  -- the other, or the same
    count(*) // 2 as tie_count,  -- ties between them; pairs
    count(distinct ends.person_id) as people_count,  -- people of either who have such a tie; people
    sum(cast(round(ends.strength * 1e12) as bigint)) / 2e12 as strength,  -- strength of these ties
    coalesce(sum(cast(round(tie_windows.meeting_hours * 1e12) as bigint)) / 1e12, 0) as hours  -- time that the pairs spent together in meetings in the window; hours
from ends
left join staging.tie_windows
    on tie_windows.month = ends.month
    -- The smaller id stands first, so that each pair is met once.
    and tie_windows.first_id = ends.person_id
    and tie_windows.second_id = ends.contact_id
group by all
