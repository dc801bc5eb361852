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
        shared_contacts.month,
        wanted_months.as_of,
        shared_contacts.first_id as person_id,
        shared_contacts.second_id as contact_id,
        shared_contacts.strength,
        shared_contacts.shared_contact_count,
        shared_contacts.first_share as share,
        shared_contacts.first_share + shared_contacts.first_indirect_share as total_share,
        shared_contacts.first_redundancy as redundancy
    from staging.shared_contacts
    join staging.wanted_months on wanted_months.month = shared_contacts.month
    union all
    select
        shared_contacts.month,
        wanted_months.as_of,
        shared_contacts.second_id as person_id,
        shared_contacts.first_id as contact_id,
        shared_contacts.strength,
        shared_contacts.shared_contact_count,
        shared_contacts.second_share as share,
        shared_contacts.second_share + shared_contacts.second_indirect_share as total_share,
        shared_contacts.second_redundancy as redundancy
    from staging.shared_contacts
    join staging.wanted_months on wanted_months.month = shared_contacts.month
),

-- total_share is p_ij and what reaches j through others; its square c is how far j constrains i.
totals as (
    select
        investments.month,
        investments.person_id,
        count(*) filter (where investments.strength >= parameters.strong_strength) as strong_count,
        cast(sum(investments.shared_contact_count) as bigint) as shared_contact_count,
        sum(cast(round(investments.redundancy * 1e12) as bigint)) / 1e12 as redundancy,
        sum(cast(round(investments.total_share * investments.total_share * 1e15) as bigint)) / 1e15
            as total_constraint,
        sum(
            cast(
                round(
                    investments.total_share * investments.total_share
                    * 2 * ln(investments.total_share) * 1e15
                ) as bigint
            )
        ) / 1e15 as disorder,
        -sum(cast(round(investments.share * ln(investments.share) * 1e12) as bigint)) / 1e12 as entropy,
        coalesce(
            sum(cast(round(investments.strength * 1e12) as bigint)) filter (
                where owners.first_covered_at < investments.as_of
            ) / 1e12,
            0
        ) as visible_strength
    from investments
    left join staging.owners on owners.person_id = investments.contact_id
    cross join staging.parameters
    group by investments.month, investments.person_id
)

-- Burt's hierarchy, sum of r * ln r / (N * ln N) with r = N * c / C, is 1 + (sum of c * ln c / C - ln C)
-- / ln N. Sums of rounded parts may pass a bound by a last digit, hence least and greatest.
select
    totals.month,  -- month whose network it is
    totals.person_id,  -- whose network
    network_sizes.degree as contact_count,  -- contacts in the network; people
    totals.strong_count,  -- of them those with a strong tie; people
    network_sizes.total_strength,  -- strength of all ties in the network
    network_sizes.degree - totals.redundancy as effective_size,  -- contacts that do not repeat each other: 1 all know each other, contact_count none do; people
    (network_sizes.degree - totals.redundancy) / network_sizes.degree as efficiency,  -- effective_size over contact_count; 0 to 1
    totals.total_constraint as "constraint",  -- how far the network leads back to the same few: low open, high closed; above 0, around 1 for one closed circle
    case
        when network_sizes.degree = 1 then 1
        else least(
            greatest(
                1 + (totals.disorder / totals.total_constraint - ln(totals.total_constraint))
                / ln(network_sizes.degree),
                0
            ),
            1
        )
    end as hierarchy,  -- how far the constraint comes from one contact; 0 from all alike, 1 from one
    cast(totals.shared_contact_count as double)
    / nullif(network_sizes.degree * (network_sizes.degree - 1), 0) as clustering,  -- pairs of contacts that are tied; null for one contact; 0 to 1
    case
        when network_sizes.degree = 1 then 0
        else least(totals.entropy / ln(network_sizes.degree), 1)
    end as entropy,  -- how evenly strength is spread over contacts; 0 one has all, 1 all have the same
    least(totals.visible_strength / network_sizes.total_strength, 1) as visible_share  -- of total_strength with contacts whose own mailboxes are read; 0 to 1
from totals
join staging.network_sizes
    on network_sizes.month = totals.month
    and network_sizes.person_id = totals.person_id
