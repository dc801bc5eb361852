-- A word for everybody that nobody else has: the name, else the address, where these are published,
-- else the pseudonym. Two people of one name are told apart by their pseudonyms. A list's name is
-- whatever its last post said, so a list goes by its address.
CREATE OR REPLACE VIEW person_labels AS
WITH words AS (
    SELECT
        person_id,
        coalesce(
            CASE WHEN kind = 'list' THEN address END, name, address, CAST(person_id AS VARCHAR)
        ) AS word
    FROM people
)

SELECT
    person_id,
    CASE
        WHEN count(*) OVER (PARTITION BY word) > 1 THEN word || ' (' || person_id || ')'
        ELSE word
    END AS label
FROM words;
