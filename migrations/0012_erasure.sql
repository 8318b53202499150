-- Persons who were erased. The row of a destroyed key stays: nobody may make a new key for its subject.

CREATE SEQUENCE erasures;

ALTER TABLE subject_keys
    ALTER COLUMN wrapped_key DROP NOT NULL,
    ADD COLUMN erased_at timestamptz,
    -- Which of all erasures it was. Given under the log's lock, so that they commit in this order: whoever knows of one
    -- knows of all before it.
    ADD COLUMN erasure bigint UNIQUE,
    ADD CHECK ((wrapped_key IS NULL) = (erasure IS NOT NULL)),
    ADD CHECK ((wrapped_key IS NULL) = (erased_at IS NOT NULL));
