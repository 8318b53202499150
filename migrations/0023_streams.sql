-- A stream is what one Kafka cluster has of the log under one prefix. Each has a mark of its own: another cluster or prefix begins at
-- the log's beginning, and whoever comes back to a former one goes on from its mark.
ALTER TABLE relay_mark
    DROP COLUMN only_row;
-- The mark of before belongs to the stream that is relayed first from now on.
ALTER TABLE relay_mark
    ADD COLUMN cluster_id text    NOT NULL DEFAULT '',
    ADD COLUMN prefix     text    NOT NULL DEFAULT '',
    -- The one that is relayed, or was relayed last.
    ADD COLUMN is_current boolean NOT NULL DEFAULT true,
    -- What the elected relay has found wrong with brokers and topics, for people.
    ADD COLUMN problems   text[]  NOT NULL DEFAULT '{}',
    ADD PRIMARY KEY (cluster_id, prefix);
CREATE UNIQUE INDEX relay_mark_current ON relay_mark (is_current) WHERE is_current;

-- What a stream has of each partition. A partition may owe events that the mark has passed: one that Kafka refuses, with all behind it,
-- or what is published again.
CREATE TABLE relay_partitions
(
    cluster_id     text    NOT NULL,
    prefix         text    NOT NULL,
    aggregate_type text    NOT NULL,
    partition      integer NOT NULL,
    -- Offsets of the first record since the partition was last published from its beginning, and of the newest one. What is below
    -- the first is not missed; a topic that ends before the newest was made anew.
    first_offset   bigint,
    last_offset    bigint,
    -- The events from this position on that the mark has passed are still to be sent; null: none.
    resend_from    bigint,
    -- Counts what was asked for (to publish again, to try again), and how much of that the relay has taken up.
    requests       integer NOT NULL DEFAULT 0,
    handled        integer NOT NULL DEFAULT 0,
    -- Why the event at resend_from cannot be sent: the partition waits. Null: it is being sent.
    error          text,
    parked_at      timestamptz,
    PRIMARY KEY (cluster_id, prefix, aggregate_type, partition),
    FOREIGN KEY (cluster_id, prefix) REFERENCES relay_mark ON UPDATE CASCADE
);
