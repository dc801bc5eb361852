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
--
-- Topic:   How strong?
-- Asks:    out_strength, in_strength: How much attention does the person give this contact, and how
--          much comes back?
-- High:    out_strength, in_strength: much contact in that direction, and lately
-- Low:     out_strength, in_strength: little, or long ago; 0 where nothing ever passed in that
--          direction
-- Formula: out_strength, in_strength: sum over all contacts in that direction of weight * 2^(-age
--          in days / half_life_days)
-- Example: out_strength: Ann wrote to Bob alone 120, 60 and 30 days ago: 1/4 + 1/2 + 0.7071 =
--          1.4571
-- Asks:    strength: How close are the two, if only what goes both ways counts?
-- High:    strength: both give each other attention, often and lately; one message and one answer
--          in three months keep it at about 1
-- Low:     strength: little or old contact; 0 where only one of the two writes
-- Formula: strength: sqrt(out_strength * in_strength)
-- Example: strength: with 1.4571 from Ann, and one answer of Bob 60 days ago, which is 1/2:
--          sqrt(1.4571 * 0.5) = 0.8536
-- Asks:    messages_per_day: How often do they write to each other, new and old mail of the window
--          alike?
-- High:    messages_per_day: a steady exchange
-- Low:     messages_per_day: seldom; 0 where only one of the two wrote in the window
-- Formula: messages_per_day: sqrt(out_count * in_count) / window_days
-- Example: messages_per_day: 6 messages one way and 3 the other in 90 days: sqrt(6 * 3) / 90 =
--          0.0471
-- High:    mail_out_strength, mail_in_strength: much mail in that direction, and lately
-- Low:     mail_out_strength, mail_in_strength: no or old mail; what there is of out_strength or
--          in_strength comes from meetings
-- Formula: mail_out_strength, mail_in_strength: as out_strength and in_strength, over mail alone
-- Asks:    meeting_share: Do they meet, or do they write?
-- High:    meeting_share: 1, they only meet
-- Low:     meeting_share: 0, they only write
-- Formula: meeting_share: 2 * strength of meetings / (out_strength + in_strength)
-- High:    out_count, in_count: much mail in that direction
-- Low:     out_count, in_count: no mail in that direction in the window
-- High:    meeting_count, meeting_hours: they often meet, or for long
-- Low:     meeting_count, meeting_hours: they did not meet in the window
-- Formula: meeting_hours: sum over meetings of the hours both sat in it, an hour in several
--          meetings at once divided among them
-- Asks:    contact_day_count: On how many days were they in contact?
-- High:    contact_day_count: a steady tie; of all counts this one foretells best that it lasts
-- Low:     contact_day_count: a few days, however many messages passed on them
-- Asks:    usual_gap_days: How long do these two usually go without contact?
-- High:    usual_gap_days: they speak seldom, so that a long silence means little
-- Low:     usual_gap_days: 1, whenever the person is in contact with anybody
-- Formula: usual_gap_days: active days from the first to the last contact day / (contact days - 1);
--          active are days on which the person had contact with anybody, so that week-ends and
--          holidays do not age a tie
-- High:    silence_days: nothing for long
-- Low:     silence_days: 0, in contact on the person's last active day
-- Asks:    silence_ratio: Is the present silence unusual for these two?
-- High:    silence_ratio: above 2 the tie fades, above 8 it is probably over
-- Low:     silence_ratio: below 1, no longer silent than usual
-- Formula: silence_ratio: silence_days / usual_gap_days
-- Asks:    burstiness: Are they in contact regularly, or in bursts?
-- High:    burstiness: towards 1, bursts with long silences between them
-- Low:     burstiness: towards -1, regular as a clock; 0 is chance
-- Formula: burstiness: (sqrt(n + 1) r - sqrt(n - 1)) / ((sqrt(n + 1) - 2) r + sqrt(n - 1)), with n
--          gaps between contact days and r their standard deviation over their mean
-- Example: burstiness: gaps of 1, 1, 1 and 10 days: n = 4, mean 3.25, standard deviation 3.8971, r
--          = 3.8971 / 3.25 = 1.1991; (sqrt(5) * 1.19911 - sqrt(3)) / ((sqrt(5) - 2) * 1.19911 +
--          sqrt(3)) = 0.4711
-- Asks:    share: How much of what the person gives and gets lies in this one tie?
-- High:    share: towards 1, nearly all of it
-- Low:     share: one tie among many
-- Formula: share: strength / sum of the strength of all ties of the person in the network
-- High:    rank: many ties of the person are stronger
-- Low:     rank: 1, the strongest
-- Asks:    layer: In which circle of closeness does the contact stand?
-- High:    layer: 150, somebody just kept in sight
-- Low:     layer: 5, one of the few closest
-- Formula: layer: 5 for ranks 1 to 5, 15 for ranks to 15, 50 for ranks to 50, 150 for ranks to 150
-- Asks:    overlap: Do the two move in the same circle?
-- High:    overlap: most contacts of either are contacts of both: the tie is held by many others
-- Low:     overlap: 0, nobody else joins the two: a bridge between circles, over which news travels
-- Formula: overlap: shared contacts / ((contacts of the one - 1) + (contacts of the other - 1) -
--          shared contacts)
-- Example: overlap: Ann has 4 contacts, Dan 6, and 3 of them are the same: 3 / (3 + 5 - 3) = 0.6000
-- Values:  state: the first of these that fits. dormant: silent for three years. one_way: only one
--          of the two ever turned to the other. reactivated: contact in the window ended a silence
--          that was lapsed or dormant. new: went both ways for the first time in the window (active
--          while the mailbox is not settled). lapsed: silent for more than 8 usual gaps and 42
--          days, or weaker than min_strength. fading: silent for more than 2 usual gaps and 14
--          days. active: everything else

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
