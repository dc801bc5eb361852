-- How wide, how open and how varied is each person's network at the end of each month?
--
-- Grain:   month, person_id
-- Check:   contact_count >= 1
-- Check:   total_strength > 0
-- Check:   effective_size >= 0
-- Check:   efficiency between 0 and 1.000000001
-- Check:   "constraint" >= 0
-- Check:   hierarchy between 0 and 1
-- Check:   clustering between 0 and 1
-- Check:   entropy between 0 and 1
-- Check:   group_diversity between 0 and 1
-- Check:   ei_index between -1 and 1
-- Check:   ei_strength_index between -1 and 1
-- Check:   outside_share between 0 and 1
-- Check:   participation between 0 and 1
-- Check:   clique_share between 0 and 1
-- Check:   visible_share between 0 and 1
-- Source:  effective size, efficiency, constraint, hierarchy: Burt 1992, Structural Holes, chapter 2
-- Source:  entropy: Eagle, Macy & Claxton 2010, Science 328:1029; bandwidth beside diversity: Aral &
--          Van Alstyne 2011, Am. J. Sociology 117:90
-- Source:  group diversity: Blau 1977; E-I: Krackhardt & Stern 1988, Social Psychology Quarterly
--          51:123; communities: Traag, Waltman & van Eck 2019, Scientific Reports 9:5233;
--          participation: Guimera & Amaral 2005, Nature 433:895
-- Caveat:  one mailbox sees ties between others only where they are addressed together, so a
--          network looks more open than it is where visible_share is small
-- Caveat:  contacts are those of the month's network, with contact both ways in the window: the rows of
--          tie_strength whose share is not null, fewer than all its rows
-- Caveat:  groups are departments inside and domains outside; contacts with freemail are of none and
--          left out of what is said of groups, which is null where nobody remains
-- Version: 3
--
-- Topic:   How diverse?
-- High:    contact_count: a large network
-- Low:     contact_count: a small one; with one or two contacts the numbers of structure say little
-- High:    strong_count: many close ties
-- Low:     strong_count: 0, many acquaintances and nobody close
-- Asks:    total_strength: How much attention is there to go round?
-- High:    total_strength: much contact both ways
-- Low:     total_strength: little
-- Formula: contact_count: rows of tie_strength of the person and month whose share is not null
-- Formula: total_strength: sum of strength over rows of tie_strength of the person and month whose
--          share is not null
-- Asks:    effective_size: How many different circles does the person reach?
-- High:    effective_size: near contact_count, the contacts do not know each other: each brings
--          something else
-- Low:     effective_size: 1, all know each other and tell the person the same
-- Formula: effective_size: sum over contacts j of 1 - sum over other contacts q of p_q * m_jq; p_q
--          is the share of q in the strength of the person, m_jq the strength between j and q over
--          that of the strongest tie of j
-- Example: effective_size: Ann knows Bob, Eve, Fay and Gus, all ties alike; Gus knows the three
--          others, and they do not know each other. Gus repeats 3/4, each of the others 1/4: 4 -
--          6/4 = 2.5000
-- High:    efficiency: 1, no contact repeats another
-- Low:     efficiency: 1 / contact_count, all repeat each other
-- Formula: efficiency: effective_size / contact_count
-- Example: efficiency: of Ann: 2.5 / 4 = 0.6250
-- Asks:    constraint: Do all ways lead the person back to the same few people?
-- High:    constraint: about 1, one closed circle in which everybody hears the same
-- Low:     constraint: towards 0, many contacts who do not know each other: news and chances come
--          from many sides
-- Formula: constraint: sum over contacts j of (p_j + sum over other contacts q of p_q * p_qj)^2;
--          p_j is the share of j in the strength of the person, p_qj the share of j in that of q
-- Example: constraint: Ann as above; Gus has 6 contacts, Bob 3, Eve and Fay 2. Gus: (1/4 + 1/4 *
--          1/2 + 1/4 * 1/2 + 1/4 * 1/3)^2 = 0.3403; Bob, Eve and Fay: (1/4 + 1/4 * 1/6)^2 = 0.0851
--          each; together 0.5955
-- Asks:    hierarchy: Does the constraint come from one contact?
-- High:    hierarchy: 1, everything hangs on one contact
-- Low:     hierarchy: 0, all contacts constrain alike
-- Formula: hierarchy: sum over contacts of r * ln r / (N * ln N), r the part of a contact in the
--          constraint over the mean part, N contact_count
-- Asks:    clustering: Do the contacts know each other?
-- High:    clustering: 1, everybody knows everybody: trust is easy, news is old
-- Low:     clustering: 0, only the person joins them
-- Formula: clustering: pairs of contacts that are tied / pairs of contacts
-- Example: clustering: of the 6 pairs of the contacts of Ann, 3 are tied: 3 / 6 = 0.5000
-- Asks:    entropy: Is attention spread evenly, or does one contact have it all?
-- High:    entropy: 1, all contacts have the same
-- Low:     entropy: 0, one has everything
-- Formula: entropy: -sum over contacts of p * ln p / ln N, p the share of a contact, N
--          contact_count
-- Example: entropy: shares of 0.5, 0.25, 0.15 and 0.1: 1.2080 / ln(4) = 0.8714
-- Asks:    group_diversity: Do the contacts come from different groups?
-- High:    group_diversity: towards 1, from many, in equal parts
-- Low:     group_diversity: 0, all from one
-- Formula: group_diversity: 1 - sum over groups of share^2
-- Example: group_diversity: shares of 0.5, 0.25, 0.15 and 0.1: 1 - (0.25 + 0.0625 + 0.0225 + 0.01)
--          = 0.6550
-- Asks:    ei_index, ei_strength_index: Does the person look beyond the own group?
-- High:    ei_index, ei_strength_index: 1, all beyond it
-- Low:     ei_index, ei_strength_index: -1, all within; 0 half and half
-- Formula: ei_index: (external ties - internal ties) / (external ties + internal ties)
-- Formula: ei_strength_index: the same of the strength of these ties
-- Example: ei_index: 5 ties within and 1 beyond: (1 - 5) / (1 + 5) = -0.6667
-- Asks:    outside_share: How much goes to people of other organisations?
-- High:    outside_share: 1, everything
-- Low:     outside_share: 0, nothing leaves the house
-- Formula: outside_share: strength of ties with people outside / strength of ties with people of
--          any group
-- Asks:    participation: Is the person at home in many communities?
-- High:    participation: towards 1, in many alike
-- Low:     participation: 0, in one
-- Formula: participation: 1 - sum over communities of (strength there / strength)^2
-- Example: participation: strength of 5, 3 and 2 in three communities: 1 - (0.25 + 0.09 + 0.04) =
--          0.6200
-- Asks:    clique_share: How much stays in the own community?
-- High:    clique_share: 1, everything
-- Low:     clique_share: towards 0, the person belongs to one community and deals with others
-- Formula: clique_share: strength of ties within the own community / total_strength
-- Asks:    visible_share: How far can the numbers of structure be believed?
-- High:    visible_share: 1, the mailboxes of all contacts are read, so that ties between them are
--          seen
-- Low:     visible_share: towards 0, only the own mailbox is read: ties between contacts are seen
--          where they are addressed together, and the network looks more open than it is
-- Formula: visible_share: strength of ties with contacts whose own mailboxes are read /
--          total_strength

select
    structural_holes.month,  -- month whose network it is
    structural_holes.person_id,  -- whose network
    structural_holes.contact_count,  -- contacts in the network, who are the rows of tie_strength with a share; people
    structural_holes.strong_count,  -- of them those with a strong tie; people
    structural_holes.total_strength,  -- strength of all ties in the network, which are the rows of tie_strength with a share
    structural_holes.effective_size,  -- contacts that do not repeat each other: 1 all know each other, contact_count none do; people
    structural_holes.efficiency,  -- effective_size over contact_count; 0 to 1
    structural_holes."constraint",  -- how far the network leads back to the same few: low open, high closed; above 0, around 1 for one closed circle
    structural_holes.hierarchy,  -- how far the constraint comes from one contact; 0 from all alike, 1 from one
    structural_holes.clustering,  -- pairs of contacts that are tied; null for one contact; 0 to 1
    structural_holes.entropy,  -- how evenly strength is spread over contacts; 0 one has all, 1 all have the same
    group_mixes.diversity as group_diversity,  -- chance that two units of strength go to different groups; 0 one group, towards 1 many alike
    group_mixes.ei_index,  -- ties beyond the own group less those within, over both; -1 all within, 1 all beyond
    1 - 2 * group_mixes.own_share as ei_strength_index,  -- the same of strength
    group_mixes.outside_share,  -- of strength, outside the own organisation; 0 to 1
    lasting_communities.community_id,  -- the person's community; the same number from month to month while it lasts
    community_mixes.diversity as participation,  -- how far strength is spread over communities; 0 all in one, towards 1 many alike
    community_mixes.own_share as clique_share,  -- of strength, inside the own community; 0 to 1
    structural_holes.visible_share  -- of total_strength with contacts whose own mailboxes are read; 0 to 1
from staging.structural_holes
join staging.wanted_months on wanted_months.month = structural_holes.month
left join staging.mixes as group_mixes
    on group_mixes.month = structural_holes.month
    and group_mixes.division = 'group'
    and group_mixes.person_id = structural_holes.person_id
left join staging.mixes as community_mixes
    on community_mixes.month = structural_holes.month
    and community_mixes.division = 'community'
    and community_mixes.person_id = structural_holes.person_id
left join staging.lasting_communities
    on lasting_communities.month = structural_holes.month
    and lasting_communities.person_id = structural_holes.person_id
