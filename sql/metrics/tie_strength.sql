-- How strong is each tie at the end of each month, and where is it going?
--
-- Grain:   month, person_id, contact_id
-- Check:   strength >= 0
-- Check:   out_strength >= 0
-- Check:   in_strength >= 0
-- Check:   messages_per_day >= 0
-- Check:   meeting_share between 0 and 1
-- Check:   share between 0 and 1
-- Check:   overlap between 0 and 1
-- Check:   burstiness between -1 and 1
-- Check:   layer in (5, 15, 50, 150)
-- Check:   state in ('dormant', 'one_way', 'reactivated', 'new', 'lapsed', 'fading', 'active')
-- Check:   first_contact_at <= last_contact_at
-- Source:  strength: tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193, and
--          the geometric mean of Kossinets & Watts 2006, Science 311:88
-- Source:  days with contact: Urena-Carrion et al. 2020, EPJ Data Science 9:37; silence: Navarro et
--          al. 2017, EPJ Data Science 6:31; burstiness: Kim & Jo 2016, Phys. Rev. E 94:032311
-- Source:  layers: Dunbar; overlap: Onnela et al. 2007, PNAS 104:7332; dormant: Levin, Walter &
--          Murnighan 2011, Organization Science 22:923
-- Caveat:  contact is not liking; one mailbox sees ties between others only where they are
--          addressed together
-- Caveat:  a tie has a row while a contact lies in the window or its strength reaches
--          min_strength, and in the month in which its state changes
-- Version: 1

with ranked as (
    select
        tie_states.month,
        tie_states.person_id,
        tie_states.contact_id,
        row_number() over (
            partition by tie_states.month, tie_states.person_id
            order by tie_states.strength desc, tie_states.contact_id
        ) as rank
    from staging.tie_states
    join staging.wanted_months on wanted_months.month = tie_states.month
    where tie_states.strength > 0
),

network as (
    select
        edge_shares.month,
        edge_shares.person_id,
        edge_shares.contact_id,
        edge_shares.share,
        cast(coalesce(shared_contacts.shared_contact_count, 0) as double)
        / nullif(
            edge_shares.degree - 1 + edge_shares.contact_degree - 1
            - coalesce(shared_contacts.shared_contact_count, 0),
            0
        ) as overlap
    from staging.edge_shares
    join staging.wanted_months on wanted_months.month = edge_shares.month
    left join staging.shared_contacts
        on shared_contacts.month = edge_shares.month
        and shared_contacts.person_id = edge_shares.person_id
        and shared_contacts.contact_id = edge_shares.contact_id
)

select
    tie_states.month,  -- the month; its end is what the row describes
    tie_states.person_id,  -- whose tie it is
    tie_states.contact_id,  -- with whom
    tie_states.out_strength,  -- decayed attention given; 1 = one message to one person today
    tie_states.in_strength,  -- decayed attention received
    tie_states.strength,  -- geometric mean of both: zero for a one-way tie
    sqrt(tie_states.out_count * tie_states.in_count)
    / parameters.window_days as messages_per_day,  -- geometric mean of mail both ways in the window; messages a day
    tie_states.mail_out_strength,  -- the part of out_strength from mail
    tie_states.mail_in_strength,  -- the part of in_strength from mail
    2 * tie_states.meeting_strength
    / nullif(tie_states.out_strength + tie_states.in_strength, 0) as meeting_share,  -- of out_strength and in_strength together, from meetings; 0 to 1
    tie_states.out_count,  -- messages to the contact in the window
    tie_states.in_count,  -- messages from the contact in the window
    tie_states.meeting_count,  -- meetings with both in the window
    tie_states.meeting_hours,  -- time together in them; hours
    tie_states.contact_day_count,  -- days with contact in the window; days
    tie_states.first_contact_at,  -- first contact ever; UTC
    tie_states.last_contact_at,  -- last contact; UTC
    tie_states.usual_gap_days,  -- active days of the person from one contact day to the next; null for one day; days
    tie_states.silence_days,  -- active days of the person since the last contact; days
    tie_states.silence_ratio,  -- silence_days over usual_gap_days; above 8 probably dead
    tie_states.burstiness,  -- of the calendar days between contact days; -1 a clock, 0 chance, 1 bursts; null below three gaps
    network.share,  -- of the person's strength in the network; null off it; 0 to 1
    ranked.rank,  -- 1 for the person's strongest tie; null for strength 0
    case
        when ranked.rank <= parameters.support_layer_size then parameters.support_layer_size
        when ranked.rank <= parameters.sympathy_layer_size then parameters.sympathy_layer_size
        when ranked.rank <= parameters.affinity_layer_size then parameters.affinity_layer_size
        when ranked.rank <= parameters.active_layer_size then parameters.active_layer_size
    end as layer,  -- Dunbar's layer of that rank: 5, 15, 50, 150; null beyond
    network.overlap,  -- shared contacts over all contacts of the two but themselves; null off the network and without others; 0 to 1
    tie_states.state  -- dormant, one_way, reactivated, new, lapsed, fading, active
from staging.tie_states
join staging.wanted_months on wanted_months.month = tie_states.month
left join ranked
    on ranked.month = tie_states.month
    and ranked.person_id = tie_states.person_id
    and ranked.contact_id = tie_states.contact_id
left join network
    on network.month = tie_states.month
    and network.person_id = tie_states.person_id
    and network.contact_id = tie_states.contact_id
cross join staging.parameters
