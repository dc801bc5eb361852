-- How has each person's network changed, and how open do they keep it?
--
-- Grain:    month, person_id
-- Personal: person_id
-- Check:    contact_count >= 0
-- Check:    jaccard between 0 and 1
-- Check:    year_jaccard between 0 and 1
-- Check:    size_trend >= -1
-- Check:    year_size_trend >= -1
-- Check:    shrinkage between 0 and 1
-- Check:    outreach_count >= 0
-- Check:    outreach_new_share between 0 and 1
-- Check:    outreach_dropped_share between 0 and 1
-- Check:    openness between 0 and 1
-- Check:    closedness between 0 and 1
-- Check:    purist between 0 and 1
-- Check:    coyote between 0 and 1
-- Source:   strategies of networking: Bensaou, Galunic & Jonczyk-Sedes 2014, Organization Science
--           25:29; the scores openness, closedness, purist and coyote are kith's own
-- Source:   signatures: Saramaki et al. 2014, PNAS 111:942
-- Caveat:   a description of traces of attention, for the person they belong to: no judgement and no
--           ranking
-- Caveat:   compared with the month a window's length ago, so that the two windows meet, and with that
--           twelve months ago (year_); null where there is none
-- Caveat:   null while the person's mailbox is unsettled, and twelve months longer for what is said of
--           a year; where no mailbox of theirs is read, while none is settled
-- Version:  2
--
-- Topic:   What changes?
-- High:    contact_count: a large network
-- Low:     contact_count: a small one; 0, all contacts are lost
-- High:    new_count, year_new_count: many came whom the person had not known
-- Low:     new_count, year_new_count: the circle stays among itself
-- High:    kept_count, year_kept_count: a faithful circle
-- Low:     kept_count, year_kept_count: few stayed
-- High:    lost_count, year_lost_count: many went, or are silent now
-- Low:     lost_count, year_lost_count: few went
-- High:    reactivated_count, year_reactivated_count: many came back
-- Low:     reactivated_count, year_reactivated_count: nobody came back
-- Asks:    jaccard, year_jaccard: Are they still the same people?
-- High:    jaccard, year_jaccard: 1, the same
-- Low:     jaccard, year_jaccard: 0, all others
-- Formula: jaccard, year_jaccard: contacts now and then / contacts now or then
-- Example: jaccard: a, b, c, d, e then and c, d, e, f, g now: 3 / 7 = 0.4286
-- Asks:    size_trend, year_size_trend: Does the network grow or shrink?
-- High:    size_trend, year_size_trend: above 0, grows; 1 is twice as many
-- Low:     size_trend, year_size_trend: below 0, shrinks; -1 all are lost
-- Formula: size_trend, year_size_trend: contacts now / contacts then - 1
-- Example: size_trend: 12 contacts then and 9 now: 9 / 12 - 1 = -0.2500
-- Asks:    signature_distance, year_signature_distance: Does the person spread attention as before,
--          whoever has it now?
-- High:    signature_distance, year_signature_distance: towards 0.69, spread in quite another way
-- Low:     signature_distance, year_signature_distance: 0, the same parts for the first, the second
--          and so on; people keep theirs for years while the names change
-- Formula: signature_distance, year_signature_distance: Jensen-Shannon divergence of the shares now
--          and then, each in falling order
-- Example: signature_distance: shares of 0.6, 0.3, 0.1 then and 0.5, 0.3, 0.2 now: 0.0108
-- Asks:    shrinkage: How much smaller is the network than a year ago?
-- High:    shrinkage: 1, nothing is left
-- Low:     shrinkage: 0, as large or larger
-- Formula: shrinkage: max(0, 1 - contacts now / contacts a year ago)
-- High:    begun_count: reached out to many
-- Low:     begun_count: 0, waited to be found
-- Asks:    outreach_count: Does the person reach out beyond those at hand?
-- High:    outreach_count: to many beyond the own group and chain of managers
-- Low:     outreach_count: only to those at hand
-- High:    outreach_new_share: 1, only to new people
-- Low:     outreach_new_share: 0, only to old acquaintances
-- Formula: outreach_new_share: ties begun with new people / begun_count
-- Asks:    outreach_dropped_share: What becomes of new acquaintances?
-- High:    outreach_dropped_share: 1, all were dropped once they had answered
-- Low:     outreach_dropped_share: 0, the person stayed in touch with each
-- Formula: outreach_dropped_share: new people who answered and heard nothing more in the next
--          window / new people who answered
-- Asks:    openness: Is the person at home in many communities?
-- High:    openness: towards 1, in many alike
-- Low:     openness: 0, in one
-- Formula: openness: participation of network_diversity
-- Asks:    closedness: Does the person hide in one circle of old acquaintances, as a hedgehog does?
-- High:    closedness: 1, everything inside one community and nobody is new
-- Low:     closedness: 0, others, or new ones
-- Formula: closedness: clique_share * kept_count / contact_count
-- Example: closedness: 0.8 of strength inside the own community, and 9 of 10 contacts are old ones:
--          0.8 * 0.9 = 0.7200
-- Asks:    purist: Does the person keep to the own group while the network melts away?
-- High:    purist: towards 1, only the own group, nobody new, and much smaller than a year ago
-- Low:     purist: 0 where one of the three does not hold
-- Formula: purist: share of strength within the own group * shrinkage * (1 - new_count /
--          contact_count)
-- Asks:    coyote: Does the person hunt for new people, drop them once they have answered, and
--          leave others without an answer?
-- High:    coyote: towards 1, all three
-- Low:     coyote: 0 where one of the three does not hold
-- Formula: coyote: outreach_new_share * outreach_dropped_share * (1 - answer_rate of giving)

with earliest_settlement as (
    select min(mailboxes.settled_at) as settled_at
    from staging.mailboxes
),

-- Whoever has lost all contacts still has a change to show.
people as (
    select
        network_sizes.month,
        network_sizes.person_id
    from staging.network_sizes
    join staging.wanted_months on wanted_months.month = network_sizes.month
    union
    select
        turnovers.month,
        turnovers.person_id
    from staging.turnovers
    join staging.wanted_months on wanted_months.month = turnovers.month
),

settled as (
    select
        people.month,
        people.person_id,
        wanted_months.as_of,
        coalesce(network_sizes.degree, 0) as contact_count,
        coalesce(owners.settled_at, earliest_settlement.settled_at) as settled_at
    from people
    join staging.wanted_months on wanted_months.month = people.month
    cross join earliest_settlement
    -- A mailbox that will be read later says nothing of a month before.
    left join staging.owners
        on owners.person_id = people.person_id
        and owners.first_covered_at < wanted_months.as_of
    left join staging.network_sizes
        on network_sizes.month = people.month
        and network_sizes.person_id = people.person_id
),

-- A window ago, looked at once the person is settled now; a year ago, once they were settled then.
compared as (
    select
        settled.month,
        settled.person_id,
        comparisons.span,
        turnovers.contact_count,
        turnovers.earlier_contact_count,
        turnovers.new_count,
        turnovers.kept_count,
        turnovers.lost_count,
        turnovers.reactivated_count,
        cast(turnovers.kept_count as double)
        / (turnovers.contact_count + turnovers.lost_count) as jaccard,
        cast(turnovers.contact_count as double)
        / nullif(turnovers.earlier_contact_count, 0) as size_ratio,
        signature_distances.distance as signature_distance
    from settled
    join staging.comparisons on comparisons.month = settled.month
    join staging.turnovers
        on turnovers.month = settled.month
        and turnovers.person_id = settled.person_id
        and turnovers.span = comparisons.span
    left join staging.signature_distances
        on signature_distances.month = settled.month
        and signature_distances.person_id = settled.person_id
        and signature_distances.span = comparisons.span
    where
        settled.settled_at
        <= case comparisons.span when 'year' then comparisons.earlier_as_of else settled.as_of end
),

measured as (
    select
        settled.month,
        settled.person_id,
        settled.contact_count,
        near.new_count,
        near.kept_count,
        near.lost_count,
        near.reactivated_count,
        near.jaccard,
        near.size_ratio,
        near.signature_distance,
        cast(near.kept_count as double) / nullif(near.contact_count, 0) as kept_share,
        cast(near.new_count as double) / nullif(near.contact_count, 0) as new_share,
        far.new_count as year_new_count,
        far.kept_count as year_kept_count,
        far.lost_count as year_lost_count,
        far.reactivated_count as year_reactivated_count,
        far.jaccard as year_jaccard,
        far.size_ratio as year_size_ratio,
        far.signature_distance as year_signature_distance,
        -- greatest passes over a null.
        case
            when far.size_ratio < 1 then 1 - far.size_ratio
            when far.size_ratio >= 1 then 0
        end as shrinkage,
        settled.settled_at <= settled.as_of as is_settled
    from settled
    left join compared as near
        on near.month = settled.month
        and near.person_id = settled.person_id
        and near.span = 'window'
    left join compared as far
        on far.month = settled.month
        and far.person_id = settled.person_id
        and far.span = 'year'
)

select
    measured.month,  -- the month; its end is what the row describes
    measured.person_id,  -- whose network; in it now, a window ago or a year ago
    measured.contact_count,  -- contacts now; people
    measured.new_count,  -- contacts now with whom there was no tie both ways a window ago; people
    measured.kept_count,  -- contacts now and a window ago; people
    measured.lost_count,  -- contacts a window ago, not now; people
    measured.reactivated_count,  -- contacts now, not a window ago, but earlier; people
    measured.jaccard,  -- contacts now and then over contacts now or then; 0 all others, 1 the same
    measured.size_ratio - 1 as size_trend,  -- contacts now over those a window ago, less 1; -1 all lost, 0 as many, 1 twice as many
    measured.signature_distance,  -- Jensen-Shannon divergence of the ranked shares from those a window ago; 0 alike; nats
    measured.year_new_count,  -- as new_count, since a year ago; people
    measured.year_kept_count,  -- as kept_count, since a year ago; people
    measured.year_lost_count,  -- as lost_count, since a year ago; people
    measured.year_reactivated_count,  -- as reactivated_count, since a year ago; people
    measured.year_jaccard,  -- as jaccard, since a year ago; 0 to 1
    measured.year_size_ratio - 1 as year_size_trend,  -- as size_trend, since a year ago
    measured.year_signature_distance,  -- as signature_distance, since a year ago; nats
    measured.shrinkage,  -- share by which the network is smaller than a year ago; 0 where it is not; 0 to 1
    case
        when measured.is_settled then coalesce(outreach.begun_count, 0)
    end as begun_count,  -- ties that the person began or revived in the window; people
    case
        when measured.is_settled and memberships.group_name is not null
            then coalesce(outreach.beyond_count, 0)
    end as outreach_count,  -- of them those beyond the own group and manager chain; null without a group; people
    case
        when measured.is_settled
            then cast(outreach.begun_new_count as double) / nullif(outreach.begun_count, 0)
    end as outreach_new_share,  -- of the ties begun or revived, with new people; 0 to 1
    case
        when measured.is_settled
            then cast(outreach.dropped_count as double) / nullif(outreach.answered_new_count, 0)
    end as outreach_dropped_share,  -- of new people met a window ago who answered, those whom the person left since; 0 to 1
    community_mixes.diversity as openness,  -- how far strength is spread over communities; 0 to 1
    community_mixes.own_share * measured.kept_share as closedness,  -- strength inside the own community, as far as contacts are old ones; 0 to 1
    group_mixes.own_share * measured.shrinkage * (1 - measured.new_share) as purist,  -- strength within the own group, as far as the network shrank in a year and nobody is new; 0 to 1
    case
        when measured.is_settled
            then cast(outreach.begun_new_count as double) / nullif(outreach.begun_count, 0)
            * outreach.dropped_count / nullif(outreach.answered_new_count, 0)
            * (1 - giving.answer_rate)
    end as coyote  -- reaches out to new people, leaves them once they answered, and answers little; null where one of the three is; 0 to 1
from measured
left join staging.memberships
    on memberships.month = measured.month
    and memberships.person_id = measured.person_id
left join staging.mixes as community_mixes
    on community_mixes.month = measured.month
    and community_mixes.division = 'community'
    and community_mixes.person_id = measured.person_id
left join staging.mixes as group_mixes
    on group_mixes.month = measured.month
    and group_mixes.division = 'group'
    and group_mixes.person_id = measured.person_id
left join staging.outreach
    on outreach.month = measured.month
    and outreach.person_id = measured.person_id
left join metrics.giving
    on giving.month = measured.month
    and giving.person_id = measured.person_id
