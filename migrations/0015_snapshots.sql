-- The states of long aggregates as of one of their events: a cache, of which any row may be deleted at any time.
CREATE TABLE snapshots
(
    aggregate_type text    NOT NULL,
    aggregate_id   text    NOT NULL,
    -- The event that the state stands on, by its place and its link of the hash chain: on another log there is no such event.
    sequence       bigint  NOT NULL,
    event_hash     bytea   NOT NULL,
    -- The shape of the state, and what events make of it.
    version        integer NOT NULL,
    -- Under whose key the state is sealed; null where it holds no personal text.
    subject_id     uuid,
    state          bytea   NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id)
);
-- Ciphertext does not get smaller.
ALTER TABLE snapshots
    ALTER COLUMN state SET STORAGE EXTERNAL;
