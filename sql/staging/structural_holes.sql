-- How open or closed is the network around each person, by Burt's measures?
--
-- Grain:   month, person_id
-- Check:   contact_count >= 1
-- Check:   total_strength > 0
-- Check:   effective_size >= 0
-- Check:   "constraint" >= 0
-- Check:   hierarchy between 0 and 1
-- Check:   clustering between 0 and 1
-- Check:   entropy between 0 and 1
-- Check:   visible_share between 0 and 1
-- Source:  effective size, constraint, hierarchy: Burt 1992, Structural Holes, chapter 2
-- Source:  entropy: Eagle, Macy & Claxton 2010, Science 328:1029
-- Version: 1

with investments as (
    select
        edge_shares.month,
        edge_shares.person_id,
        edge_shares.contact_id,
        edge_shares.strength,
        edge_shares.share,
        edge_shares.degree,
        coalesce(shared_contacts.shared_contact_count, 0) as shared_contact_count,
        coalesce(shared_contacts.redundancy, 0) as redundancy,
        power(edge_shares.share + coalesce(shared_contacts.indirect_share, 0), 2) as dyadic_constraint
    from staging.edge_shares
    join staging.wanted_months on wanted_months.month = edge_shares.month
    left join staging.shared_contacts
        on shared_contacts.month = edge_shares.month
        and shared_contacts.person_id = edge_shares.person_id
        and shared_contacts.contact_id = edge_shares.contact_id
),

totals as (
    select
        investments.month,
        investments.person_id,
        investments.degree,
        count(*) filter (where investments.strength >= parameters.strong_strength) as strong_count,
        sum(cast(round(investments.strength * 1e12) as bigint)) / 1e12 as total_strength,
        cast(sum(investments.shared_contact_count) as bigint) as shared_contact_count,
        sum(cast(round(investments.redundancy * 1e12) as bigint)) / 1e12 as redundancy,
        sum(cast(round(investments.dyadic_constraint * 1e12) as bigint)) / 1e12 as total_constraint,
        -sum(cast(round(investments.share * ln(investments.share) * 1e12) as bigint)) / 1e12 as entropy,
        coalesce(
            sum(cast(round(investments.strength * 1e12) as bigint)) filter (
                where owners.first_covered_at < wanted_months.as_of
            ) / 1e12,
            0
        ) as visible_strength
    from investments
    join staging.wanted_months on wanted_months.month = investments.month
    left join staging.owners on owners.person_id = investments.contact_id
    cross join staging.parameters
    group by all
),

-- r_j: how far the constraint of one contact lies above the mean of all.
concentrations as (
    select
        investments.month,
        investments.person_id,
        investments.dyadic_constraint / (totals.total_constraint / totals.degree) as ratio
    from investments
    join totals
        on totals.month = investments.month
        and totals.person_id = investments.person_id
),

hierarchies as (
    select
        concentrations.month,
        concentrations.person_id,
        sum(cast(round(concentrations.ratio * ln(concentrations.ratio) * 1e12) as bigint)) / 1e12 as disorder
    from concentrations
    group by all
)

-- Sums of rounded parts may pass a bound by a last digit, hence least and greatest.
select
    totals.month,  -- month whose network it is
    totals.person_id,  -- whose network
    totals.degree as contact_count,  -- contacts in the network; people
    totals.strong_count,  -- of them those with a strong tie; people
    totals.total_strength,  -- strength of all ties in the network
    totals.degree - totals.redundancy as effective_size,  -- contacts that do not repeat each other: 1 all know each other, contact_count none do; people
    (totals.degree - totals.redundancy) / totals.degree as efficiency,  -- effective_size over contact_count; 0 to 1
    totals.total_constraint as "constraint",  -- how far the network leads back to the same few: low open, high closed; above 0, around 1 for one closed circle
    case
        when totals.degree = 1 then 1
        else least(greatest(hierarchies.disorder / (totals.degree * ln(totals.degree)), 0), 1)
    end as hierarchy,  -- how far the constraint comes from one contact; 0 from all alike, 1 from one
    cast(totals.shared_contact_count as double)
    / nullif(totals.degree * (totals.degree - 1), 0) as clustering,  -- pairs of contacts that are tied; null for one contact; 0 to 1
    case
        when totals.degree = 1 then 0
        else least(totals.entropy / ln(totals.degree), 1)
    end as entropy,  -- how evenly strength is spread over contacts; 0 one has all, 1 all have the same
    least(totals.visible_strength / totals.total_strength, 1) as visible_share  -- of total_strength with contacts whose own mailboxes are read; 0 to 1
from totals
join hierarchies
    on hierarchies.month = totals.month
    and hierarchies.person_id = totals.person_id
