-- How closely are any two groups connected?
--
-- Grain:   month, group_a, group_b
-- Check:   group_a <= group_b
-- Check:   people_count >= 2
-- Check:   tie_count >= 1
-- Check:   strength > 0
-- Check:   hours >= 0
-- Check:   ei_index between -1 and 1
-- Check:   homophily > 0
-- Source:  E-I: Krackhardt & Stern 1988, Social Psychology Quarterly 51:123; ties against those
--          expected from sizes: Coleman 1958, Human Organization 17:28
-- Caveat:  nothing is said of groups with fewer people in the network than min_group_size; people of no
--          group (freemail) are left out
-- Version: 1
--
-- Topic:   How do groups connect?
-- High:    people_count, tie_count, strength, hours: the two groups have much to do with each other
-- Low:     people_count, tie_count, strength, hours: little
-- Formula: strength: sum of the strength of the ties between the two groups
-- Formula: hours: sum of meeting_hours over the pairs tied between the two groups
-- Asks:    density: Does everybody know everybody?
-- High:    density: 1, every pair is tied
-- Low:     density: towards 0, a few pairs hold the groups together
-- Formula: density: tie_count / pairs that there could be
-- Example: density: two groups of 10 with 20 ties between them: 20 / (10 * 10) = 0.2000
-- Asks:    ei_index: Are the two open to each other, or does each keep to itself?
-- High:    ei_index: towards 1, most ties go across
-- Low:     ei_index: towards -1, most stay within
-- Formula: ei_index: (ties between - ties within) / (ties between + ties within); of a group with
--          itself, between are its ties with all others
-- Example: ei_index: 20 ties between the two, 30 within the one and 30 within the other: (20 - 60)
--          / (20 + 60) = -0.5000
-- Asks:    homophily: Is the tie between the two closer than their sizes alone would make it?
-- High:    homophily: above 1, closer; 2 is twice as many ties as by chance
-- Low:     homophily: below 1, they have less to do with each other than by chance
-- Formula: homophily: density / density of the whole network

with shown as (
    select
        group_blocks.month,
        group_blocks.group_a,
        group_blocks.group_b,
        group_blocks.people_count,
        group_blocks.tie_count,
        group_blocks.strength,
        group_blocks.hours,
        cast(
            case
                when group_blocks.group_a = group_blocks.group_b
                    then firsts.people_count * (firsts.people_count - 1) / 2
                else firsts.people_count * seconds.people_count
            end as double
        ) as possible_count,
        cast(firsts.all_people_count * (firsts.all_people_count - 1) / 2 as double)
            as all_possible_count
    from staging.group_blocks
    join staging.wanted_months on wanted_months.month = group_blocks.month
    join staging.shown_groups as firsts
        on firsts.month = group_blocks.month
        and firsts.group_name = group_blocks.group_a
    join staging.shown_groups as seconds
        on seconds.month = group_blocks.month
        and seconds.group_name = group_blocks.group_b
),

-- Of all groups, large or small.
totals as (
    select
        group_blocks.month,
        sum(group_blocks.tie_count) as tie_count
    from staging.group_blocks
    join staging.wanted_months on wanted_months.month = group_blocks.month
    group by group_blocks.month
),

ends as (
    select
        group_blocks.month,
        group_blocks.group_a as group_name,
        group_blocks.group_a = group_blocks.group_b as is_own,
        group_blocks.tie_count
    from staging.group_blocks
    join staging.wanted_months on wanted_months.month = group_blocks.month
    union all
    select
        group_blocks.month,
        group_blocks.group_b as group_name,
        false as is_own,
        group_blocks.tie_count
    from staging.group_blocks
    join staging.wanted_months on wanted_months.month = group_blocks.month
    where group_blocks.group_a <> group_blocks.group_b
),

balances as (
    select
        ends.month,
        ends.group_name,
        sum(case when ends.is_own then ends.tie_count else 0 end) as own_tie_count,
        sum(case when ends.is_own then 0 else ends.tie_count end) as other_tie_count
    from ends
    group by ends.month, ends.group_name
)

select
    shown.month,  -- the month
    shown.group_a,  -- one group; the first by name
    shown.group_b,  -- the other, or the same
    shown.people_count,  -- people of either who have a tie with the other; people
    shown.tie_count,  -- ties between them; pairs
    shown.strength,  -- strength of these ties
    shown.hours,  -- time that the pairs spent together in meetings in the window; hours
    shown.tie_count / shown.possible_count as density,  -- of the pairs that could be tied; 0 to 1
    cast(
        case
            when shown.group_a = shown.group_b
                then firsts.other_tie_count - firsts.own_tie_count
            else shown.tie_count - firsts.own_tie_count - seconds.own_tie_count
        end as double
    )
    / case
        when shown.group_a = shown.group_b
            then firsts.other_tie_count + firsts.own_tie_count
        else shown.tie_count + firsts.own_tie_count + seconds.own_tie_count
    end as ei_index,  -- ties between the two less those within them, over both; of a group with itself: ties with all others less those within; -1 all within, 1 none
    shown.tie_count / shown.possible_count
    / (totals.tie_count / shown.all_possible_count) as homophily  -- ties over those that the sizes of the groups would give; 1 as by chance
from shown
join totals on totals.month = shown.month
join balances as firsts
    on firsts.month = shown.month
    and firsts.group_name = shown.group_a
join balances as seconds
    on seconds.month = shown.month
    and seconds.group_name = shown.group_b
