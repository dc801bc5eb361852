-- Which constants do the metrics use?
--
-- Grain:   one row
-- Check:   half_life_days > 0
-- Check:   window_days >= 31
-- Check:   cc_weight between 0 and 1
-- Caveat:  choices, not findings
-- Version: 1

select
    date '1990-01-01' as first_month,  -- nothing before it is believed; month
    cast(90 as bigint) as window_days,  -- what "now" looks back on; days
    cast(60 as double) as half_life_days,  -- a contact counts half after this long; days
    cast(180 as bigint) as settling_days,  -- a mailbox read for less long cannot say what is new; days
    cast(0.5 as double) as cc_weight,  -- a contact by Cc against one by To; 0 to 1
    cast(5 as bigint) as copy_days,  -- copies of one message are dated no further apart, as mail is tried for so long; days
    cast(18 as bigint) as crowd_size,  -- addressed or met together with more than these: no contact; addresses, people
    cast(4 as double) as meeting_hour_weight,  -- an hour alone with somebody in messages to one person; messages
    cast(4 as double) as meeting_hours_cap,  -- of one meeting no more counts; hours
    cast(0.01 as double) as min_strength,  -- a tie weaker than this has lapsed; strength
    cast(1 as double) as strong_strength,  -- a tie this strong is a strong one; strength
    cast(2 as double) as fading_silence_ratio,  -- silent for more than so many usual gaps fades; ratio
    cast(14 as bigint) as fading_days,  -- and for at least so long; days
    cast(8 as double) as lapsed_silence_ratio,  -- silent for more than so many usual gaps has lapsed; ratio
    cast(42 as bigint) as lapsed_days,  -- and for at least so long; days
    cast(1095 as bigint) as dormant_days,  -- silent for three years is dormant; days
    cast(3 as bigint) as burstiness_gap_count,  -- fewer gaps say nothing of a rhythm; gaps
    cast(5 as bigint) as support_layer_size,  -- the innermost of Dunbar's layers; people
    cast(15 as bigint) as sympathy_layer_size,  -- the second, with the first; people
    cast(50 as bigint) as affinity_layer_size,  -- the third, with those inside; people
    cast(150 as bigint) as active_layer_size,  -- the outermost, with those inside; people
    cast(7 as bigint) as answer_days,  -- an answer after more than these is none; days
    cast(30 as bigint) as introduction_days,  -- those introduced meet within these or not at all; days
    cast(3 as bigint) as introduction_bystander_limit,  -- others an introduction may be addressed to; people
    cast(50 as bigint) as tended_tie_count,  -- strongest ties of which the tended share speaks; ties
    cast(5 as bigint) as opening_limit,  -- of each kind of opening no more are named to a person in a month; openings
    cast(3 as bigint) as opening_event_limit,  -- messages or meetings that an opening names; events
    cast(2 as double) as owed_wait_ratio,  -- an answer is owed after so many of one's usual times to answer; ratio
    cast(24 as bigint) as owed_wait_hours,  -- and after at least so long; hours
    cast(3 as bigint) as owed_people_limit,  -- a question to more people waits for nobody in particular; people
    cast(0.1 as double) as low_overlap,  -- two people with no more of their contacts in common know different worlds; 0 to 1
    cast(10 as bigint) as min_group_size,  -- nothing is said of a smaller group; people
    cast(50 as bigint) as manager_chain_limit,  -- nobody has more managers above them; who seems to stands in a circle; people
    cast(3 as bigint) as robot_message_count,  -- fewer messages do not make a robot; messages
    cast(0.9 as double) as robot_message_share,  -- of an address's messages a machine's headers carry; 0 to 1
    cast(20 as bigint) as silent_robot_message_count,  -- who wrote fewer and was never written to may be a person all the same; messages
    cast(2 as bigint) as full_name_limit,  -- an address that goes by more full names is nobody's own; names
    cast(8 as bigint) as namesake_limit,  -- a full name seen at more addresses is not one person's; addresses
    cast(3 as bigint) as local_part_length,  -- what stands before the @ says nothing where it is shorter; characters
    cast(2 as bigint) as copied_day_count,  -- days on which one writes to a namesake who is oneself; days
    cast(2 as bigint) as sent_from_message_count  -- fewer messages in a sent folder may have strayed there; messages
