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
-- Caveat:  groups are departments inside and domains outside; contacts with freemail are of none and
--          left out of what is said of groups, which is null where nobody remains
-- Version: 3

select
    structural_holes.month,  -- month whose network it is
    structural_holes.person_id,  -- whose network
    structural_holes.contact_count,  -- contacts in the network; people
    structural_holes.strong_count,  -- of them those with a strong tie; people
    structural_holes.total_strength,  -- strength of all ties in the network
    structural_holes.effective_size,  -- contacts that do not repeat each other: 1 all know each other, contact_count none do; people
    structural_holes.efficiency,  -- effective_size over contact_count; 0 to 1
    structural_holes."constraint",  -- how far the network leads back to the same few: low open, high closed; above 0, around 1 for one closed circle
    structural_holes.hierarchy,  -- how far the constraint comes from one contact; 0 from all alike, 1 from one
    structural_holes.clustering,  -- pairs of contacts that are tied; null for one contact; 0 to 1
    structural_holes.entropy,  -- how evenly strength is spread over contacts; 0 one has all, 1 all have the same
    group_mixes.group_diversity,  -- chance that two units of strength go to different groups; 0 one group, towards 1 many alike
    group_mixes.ei_index,  -- ties beyond the own group less those within, over both; -1 all within, 1 all beyond
    group_mixes.ei_strength_index,  -- the same of strength
    group_mixes.outside_share,  -- of strength, outside the own organisation; 0 to 1
    community_mixes.community_id,  -- the person's community; the same number from month to month while it lasts
    community_mixes.participation,  -- how far strength is spread over communities; 0 all in one, towards 1 many alike
    community_mixes.clique_share,  -- of strength, inside the own community; 0 to 1
    structural_holes.visible_share  -- of total_strength with contacts whose own mailboxes are read; 0 to 1
from staging.structural_holes
join staging.wanted_months on wanted_months.month = structural_holes.month
left join staging.group_mixes
    on group_mixes.month = structural_holes.month
    and group_mixes.person_id = structural_holes.person_id
left join staging.community_mixes
    on community_mixes.month = structural_holes.month
    and community_mixes.person_id = structural_holes.person_id
