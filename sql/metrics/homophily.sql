-- How far does each group keep to itself, against what its size would give?
--
-- Grain:   month, group_name
-- Check:   same_group_share between 0 and 1
-- Check:   expected_share between 0 and 1
-- Check:   homophily >= 0
-- Check:   coleman_index between -1 and 1
-- Source:  Coleman 1958, Human Organization 17:28; Currarini, Jackson & Pin 2009, Econometrica 77:1003
-- Caveat:  of the ties that group_ties shows, those with "(other)" among them; a group that has no row
--          with itself there has none here; people of no group (freemail) are left out
-- Version: 2
--
-- Topic:   How do groups connect?
-- High:    same_group_share: 1, the group keeps to itself
-- Low:     same_group_share: 0, its people have ties with others only
-- Formula: same_group_share: 2 * ties within / (2 * ties within + ties with others)
-- Example: same_group_share: 30 ties within and 20 with others: 60 / (60 + 20) = 0.7500
-- High:    expected_share: the group is a large part of the network, so that many ties within are
--          no wonder
-- Low:     expected_share: a small part
-- Formula: expected_share: (people of the group - 1) / (people of all groups - 1)
-- Example: expected_share: a group of 10 among 20: 9 / 19 = 0.4737
-- Asks:    homophily: Does the group keep to itself more than its size explains?
-- High:    homophily: above 1, more
-- Low:     homophily: below 1, it is open to others
-- Formula: homophily: same_group_share / expected_share
-- Example: homophily: 0.75 / 0.4737 = 1.5833
-- Asks:    coleman_index: The same on a scale that groups of any size share?
-- High:    coleman_index: 1, only each other
-- Low:     coleman_index: -1, only others; 0 as by chance
-- Formula: coleman_index: (same_group_share - expected_share) / (1 - expected_share), or over
--          expected_share where that is greater
-- Example: coleman_index: (0.75 - 0.4737) / (1 - 0.4737) = 0.5250

with sizes as (
    select
        groups.month,
        groups.group_name,
        groups.people_count,
        sum(groups.people_count) over (partition by groups.month) as all_people_count
    from metrics.groups
    join staging.wanted_months on wanted_months.month = groups.month
),

ends as (
    select
        group_cells.month,
        group_cells.group_a as group_name,
        group_cells.group_a = group_cells.group_b as is_own,
        group_cells.tie_count
    from staging.group_cells
    join staging.wanted_months on wanted_months.month = group_cells.month
    union all
    select
        group_cells.month,
        group_cells.group_b as group_name,
        group_cells.group_a = group_cells.group_b as is_own,
        group_cells.tie_count
    from staging.group_cells
    join staging.wanted_months on wanted_months.month = group_cells.month
),

-- A tie within the group has both of its ends there.
observed as (
    select
        ends.month,
        ends.group_name,
        cast(sum(case when ends.is_own then ends.tie_count else 0 end) as double)
        / sum(ends.tie_count) as same_group_share
    from ends
    group by ends.month, ends.group_name
    having max(cast(ends.is_own as integer)) = 1
),

expected as (
    select
        sizes.month,
        sizes.group_name,
        cast(sizes.people_count - 1 as double)
        / nullif(sizes.all_people_count - 1, 0) as expected_share
    from sizes
)

select
    expected.month,  -- the month
    expected.group_name,  -- department inside the own organisation, domain outside
    observed.same_group_share,  -- of the ties that the group's people have, those with each other; a tie within counts for both; 0 to 1
    expected.expected_share,  -- of all others in the network who belong to any group, those of this one; 0 to 1
    observed.same_group_share / nullif(expected.expected_share, 0) as homophily,  -- same_group_share over expected_share; 1 as by chance; null for a group of one
    (observed.same_group_share - expected.expected_share)
    / nullif(
        case
            when observed.same_group_share >= expected.expected_share
                then 1 - expected.expected_share
            else expected.expected_share
        end,
        0
    ) as coleman_index  -- their difference over the greatest possible: -1 only others, 0 as by chance, 1 only each other; null where there are no others
from expected
join observed
    on observed.month = expected.month
    and observed.group_name = expected.group_name
