-- Which addresses bear the same full name?
--
-- Grain:   address_key, other_key
-- Check:   address_key <> other_key
-- Caveat:  a name joins nobody by itself; it only supports what was done (staging.namesake_acts)
-- Caveat:  names are compared without case, accents, order, initials and what stands in brackets
-- Version: 1

with spoken as (
    select
        address_names.address_key,
        address_names.name,
        unnest(
            string_split_regex(
                regexp_replace(
                    strip_accents(lower(address_names.name)), '\([^)]*\)|\[[^]]*\]', ' ', 'g'
                ),
                '[^\p{L}\p{N}]+'
            )
        ) as word
    from raw.address_names
    join staging.address_kinds
        on address_kinds.address_key = address_names.address_key
        and address_kinds.kind = 'person'
    -- An address in the place of a name says nothing more than itself.
    where position('@' in address_names.name) = 0
),

words as (
    select
        spoken.address_key,
        spoken.name,
        spoken.word
    from spoken
    where length(spoken.word) > 1
),

names as (
    select
        words.address_key,
        words.name,
        string_agg(words.word, ' ' order by words.word) as full_name
    from words
    group by words.address_key, words.name
    having count(*) > 1
),

bearers as (
    select distinct
        names.address_key,
        names.full_name
    from names
),

bearer_words as (
    select distinct
        words.address_key,
        names.full_name,
        words.word
    from words
    join names
        on names.address_key = words.address_key
        and names.name = words.name
),

counted as (
    select
        bearers.address_key,
        bearers.full_name,
        count(*) over (partition by bearers.address_key) as name_count,
        count(*) over (partition by bearers.full_name) as address_count
    from bearers
),

word_sizes as (
    select
        bearer_words.word,
        count(distinct bearer_words.address_key) as address_count
    from bearer_words
    group by bearer_words.word
),

-- A word that only those bear who bear the whole name: the name is hardly two people's.
distinctive as (
    select distinct bearer_words.full_name
    from bearer_words
    join word_sizes on word_sizes.word = bearer_words.word
    join counted
        on counted.address_key = bearer_words.address_key
        and counted.full_name = bearer_words.full_name
    where word_sizes.address_count = counted.address_count
),

-- What goes by many names is nobody's; a name at many addresses is not one person's.
fit as (
    select
        counted.address_key,
        counted.full_name
    from counted
    cross join staging.parameters
    where
        counted.name_count <= parameters.full_name_limit
        and counted.address_count between 2 and parameters.namesake_limit
)

select
    fit.address_key,  -- one address
    others.address_key as other_key,  -- another that was seen with the same full name
    count(distinctive.full_name) > 0 as is_distinctive  -- a word of the name is nobody else's
from fit
join fit as others
    on others.full_name = fit.full_name
    and others.address_key <> fit.address_key
left join distinctive on distinctive.full_name = fit.full_name
group by fit.address_key, others.address_key
