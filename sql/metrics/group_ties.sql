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
-- Caveat:  nothing is said of ties of fewer people than min_group_size: those of a group with small
--          groups, and with large ones that it has little to do with, are its ties with "(other)", and
--          where these are too few they stand nowhere and count nowhere
-- Caveat:  every index follows from the rows that stand here and in groups, so that nothing can be
--          learnt from it about what does not; people of no group (freemail) are left out
-- Version: 2
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
-- Formula: homophily: density / density of the network: ties that end in a group with a name, over
--          those that could

with sizes as (
    select
        groups.month,
        groups.group_name,
        groups.people_count,
        sum(groups.people_count) over (partition by groups.month) as all_people_count
    from metrics.groups
    join staging.wanted_months on wanted_months.month = groups.month
),

-- Of one group: a tie within has both of its ends there. Without a cell of its own nothing is said.
balances as (
    select
        sizes.month,
        sizes.group_name,
        own.tie_count as own_tie_count,
        coalesce(sum(others.tie_count), 0) as other_tie_count,
        sizes.people_count * (sizes.all_people_count - 1) as possible_count
    from sizes
    join staging.group_cells as own
        on own.month = sizes.month
        and own.group_a = sizes.group_name
        and own.group_b = sizes.group_name
    left join staging.group_cells as others
        on others.month = sizes.month
        and others.group_a <> others.group_b
        and (others.group_a = sizes.group_name or others.group_b = sizes.group_name)
    group by all
),

networks as (
    select
        balances.month,
        cast(sum(2 * balances.own_tie_count + balances.other_tie_count) as double)
        / sum(balances.possible_count) as density
    from balances
    group by balances.month
),

shown as (
    select
        group_cells.month,
        group_cells.group_a,
        group_cells.group_b,
        group_cells.people_count,
        group_cells.tie_count,
        group_cells.strength,
        group_cells.hours,
        cast(group_cells.tie_count as double) / group_cells.possible_count as density,
        networks.density as network_density,
        firsts.own_tie_count,
        firsts.other_tie_count,
        seconds.own_tie_count as second_own_tie_count
    from staging.group_cells
    join staging.wanted_months on wanted_months.month = group_cells.month
    left join networks on networks.month = group_cells.month
    left join balances as firsts
        on firsts.month = group_cells.month
        and firsts.group_name = group_cells.group_a
    left join balances as seconds
        on seconds.month = group_cells.month
        and seconds.group_name = group_cells.group_b
)

select
    shown.month,  -- the month
    shown.group_a,  -- one group; the first by name
    shown.group_b,  -- the other, or the same; (other): all groups without a row of their own beside this one
    shown.people_count,  -- people of either who have a tie with the other; people
    shown.tie_count,  -- ties between them; pairs
    shown.strength,  -- strength of these ties
    shown.hours,  -- time that the pairs spent together in meetings in the window; hours
    shown.density,  -- of the pairs that could be tied; 0 to 1
    cast(
        case
            when shown.group_a = shown.group_b then shown.other_tie_count - shown.own_tie_count
            else shown.tie_count - shown.own_tie_count - shown.second_own_tie_count
        end as double
    )
    / case
        when shown.group_a = shown.group_b then shown.other_tie_count + shown.own_tie_count
        else shown.tie_count + shown.own_tie_count + shown.second_own_tie_count
    end as ei_index,  -- ties between the two less those within them, over both; of a group with itself: ties with all others less those within; -1 all within, 1 none; null with (other), and where either group has no row with itself
    shown.density / shown.network_density as homophily  -- ties over those that the sizes of the groups would give; 1 as by chance; null where no group has a row with itself
from shown
