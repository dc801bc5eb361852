-- How large and how mutual is the whole network, and has it changed or only the view of it?
--
-- Grain:   month, scope
-- Check:   scope in ('all', 'panel', 'panel_before')
-- Check:   reciprocity between 0 and 1
-- Check:   mutual_share between 0 and 1
-- Check:   link_reciprocity between 0 and 1
-- Check:   link_reciprocity_rho <= 1
-- Check:   mean_strength > 0
-- Source:  reciprocity W_bi / W: Squartini et al. 2013, Scientific Reports 3:2729; rho: Garlaschelli &
--          Loffredo 2004, Phys. Rev. Lett. 93:268701
-- Caveat:  a mailbox that is newly read makes the network grow; a trend is the difference of the rows
--          panel and panel_before of one month
-- Caveat:  reciprocity is about mail in the window, people, ties and strength about the network
-- Version: 1
--
-- Topic:   What changes?
-- High:    people_count, tie_count: a large network, or much of it read
-- Low:     people_count, tie_count: a small one, or little of it read
-- High:    mean_strength: people are close
-- Low:     mean_strength: people are loosely tied
-- Formula: mean_strength: sum of strength over ties / tie_count
-- Asks:    reciprocity: How much of what is written is returned?
-- High:    reciprocity: 1, every pair writes evenly
-- Low:     reciprocity: 0, nobody writes back
-- Formula: reciprocity: sum over pairs of 2 * min(weight there, weight back) / sum of both weights
-- Example: reciprocity: 5 from Ann to Bob and 3 back, 2 from Bob to Cat and 4 from Cat to Ann,
--          neither answered: 2 * 3 / (5 + 3 + 2 + 4) = 0.4286
-- High:    mutual_share: 1, whoever is written to writes back
-- Low:     mutual_share: 0, nobody does
-- Formula: mutual_share: pairs with mail both ways / pairs with mail
-- Example: mutual_share: Ann writes to Bob, Cat and Dan, Bob to Ann, Cat to Dan, Dan to Cat: 2 of 4
--          pairs both ways, 0.5000
-- High:    link_reciprocity: 1, every link is returned
-- Low:     link_reciprocity: 0, none is
-- Formula: link_reciprocity: links that are returned / links; a pair with mail both ways has two
-- Example: link_reciprocity: of the 6 links just named 4 are returned: 4 / 6 = 0.6667
-- Asks:    link_reciprocity_rho: Is more returned than chance would return?
-- High:    link_reciprocity_rho: 1, everything
-- Low:     link_reciprocity_rho: 0, as by chance; below 0, people avoid to answer
-- Formula: link_reciprocity_rho: (link_reciprocity - density) / (1 - density), density the links
--          over all that could be
-- Example: link_reciprocity_rho: 6 of the 12 links that four people could have: (4/6 - 6/12) / (1 -
--          6/12) = 0.3333
-- Values:  scope: all: every tie that is seen. panel: ties of the people whose mailboxes covered
--          this window and the one before. panel_before: ties of the same people a window ago

-- Which pairs of which month are looked at for which row.
with scopes as (
    select
        wanted_months.month,
        'all' as scope,
        wanted_months.month as seen_month
    from staging.wanted_months
    union all
    select distinct
        panels.month,
        'panel' as scope,
        panels.month as seen_month
    from staging.panels
    join staging.wanted_months on wanted_months.month = panels.month
    union all
    select distinct
        panels.month,
        'panel_before' as scope,
        panels.earlier_month as seen_month
    from staging.panels
    join staging.wanted_months on wanted_months.month = panels.month
),

seen as (
    select distinct scopes.seen_month as month
    from scopes
),

-- Materialized, so that strength is looked up once, whatever the rows that a pair is part of.
pairs as materialized (
    select
        tie_windows.month,
        tie_windows.first_id,
        tie_windows.second_id,
        tie_windows.there_mail_count > 0 as is_there,
        tie_windows.back_mail_count > 0 as is_back,
        cast(
            round((tie_windows.there_mail_weight + tie_windows.back_mail_weight) * 1e12) as bigint
        ) as weight,
        cast(
            round(2 * least(tie_windows.there_mail_weight, tie_windows.back_mail_weight) * 1e12)
            as bigint
        ) as mutual_weight,
        cast(round(edges.strength * 1e12) as bigint) as strength
    from staging.tie_windows
    join seen on seen.month = tie_windows.month
    left join staging.edges
        on edges.month = tie_windows.month
        and edges.person_id = tie_windows.first_id
        and edges.contact_id = tie_windows.second_id
        and edges.person_id < edges.contact_id
),

looked_at as (
    select
        scopes.month,
        scopes.scope,
        pairs.first_id,
        pairs.second_id,
        pairs.is_there,
        pairs.is_back,
        pairs.weight,
        pairs.mutual_weight,
        pairs.strength
    from scopes
    join pairs on pairs.month = scopes.seen_month
    left join staging.panels as firsts
        on firsts.month = scopes.month
        and firsts.person_id = pairs.first_id
    left join staging.panels as seconds
        on seconds.month = scopes.month
        and seconds.person_id = pairs.second_id
    where
        scopes.scope = 'all'
        or firsts.person_id is not null
        or seconds.person_id is not null
),

ends as (
    select unnest([true, false]) as is_first
),

members as (
    select
        looked_at.month,
        looked_at.scope,
        case when ends.is_first then looked_at.first_id else looked_at.second_id end as person_id,
        bool_or(looked_at.strength is not null) as is_in_network,
        bool_or(looked_at.is_there or looked_at.is_back) as is_writing
    from looked_at
    cross join ends
    group by all
),

crowds as (
    select
        members.month,
        members.scope,
        count(*) filter (where members.is_in_network) as people_count,
        count(*) filter (where members.is_writing) as writer_count
    from members
    group by members.month, members.scope
),

totals as (
    select
        looked_at.month,
        looked_at.scope,
        count(looked_at.strength) as tie_count,
        sum(looked_at.strength) / 1e12 as strength,
        count(*) filter (where looked_at.is_there or looked_at.is_back) as pair_count,
        count(*) filter (where looked_at.is_there and looked_at.is_back) as mutual_count,
        sum(looked_at.weight) / 1e12 as weight,
        sum(looked_at.mutual_weight) / 1e12 as mutual_weight
    from looked_at
    group by all
),

linked as (
    select
        totals.month,
        totals.scope,
        crowds.people_count,
        totals.tie_count,
        totals.strength,
        totals.pair_count,
        totals.mutual_count,
        totals.weight,
        totals.mutual_weight,
        cast(2 * totals.mutual_count as double)
        / nullif(totals.pair_count + totals.mutual_count, 0) as link_reciprocity,
        cast(totals.pair_count + totals.mutual_count as double)
        / nullif(crowds.writer_count * (crowds.writer_count - 1), 0) as density
    from totals
    join crowds
        on crowds.month = totals.month
        and crowds.scope = totals.scope
)

select
    linked.month,  -- the month
    linked.scope,  -- all; panel: ties of those whose mailboxes covered the windows now and a window ago; panel_before: the same people's ties a window ago
    linked.people_count,  -- people with a tie in the network; people
    linked.tie_count,  -- ties in the network; pairs
    linked.strength / nullif(linked.tie_count, 0) as mean_strength,  -- strength of a tie in the network; null without any
    case
        when linked.weight > 0 then least(linked.mutual_weight / linked.weight, 1)
    end as reciprocity,  -- of the weight of mail in the window, what is returned; 0 to 1
    cast(linked.mutual_count as double) / nullif(linked.pair_count, 0) as mutual_share,  -- of pairs with mail in the window, those with mail both ways; 0 to 1
    linked.link_reciprocity,  -- of directed links by mail in the window, those returned; 0 to 1
    (linked.link_reciprocity - linked.density) / nullif(1 - linked.density, 0) as link_reciprocity_rho  -- link_reciprocity against chance: 0 as by chance, 1 all returned; null where everybody writes to everybody
from linked
