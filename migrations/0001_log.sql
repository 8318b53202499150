-- The event log: postgres-es's table with our columns beside it, its head, and what is written in the same transactions.

CREATE TABLE events
(
    aggregate_type text                         NOT NULL,
    aggregate_id   text                         NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text                         NOT NULL,
    event_version  text                         NOT NULL,
    -- json, not jsonb: the hash chain covers the text as it was written.
    payload        json                         NOT NULL,
    metadata       json                         NOT NULL,
    -- Ours: the place in the whole log (contiguous from 1), the logical partition, the execution that wrote it, the chain.
    position       bigint CHECK (position > 0)  NOT NULL UNIQUE,
    partition      integer                      NOT NULL,
    command_id     uuid                         NOT NULL,
    hash           bytea                        NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);

-- A consumer that goes on from its checkpoint; the previous position of a topic's partition.
CREATE INDEX events_by_partition ON events (aggregate_type, partition, position);
-- Whether an append whose COMMIT was not answered has happened.
CREATE INDEX events_by_command ON events (command_id);

-- One row: its lock orders all appends.
CREATE TABLE log_head
(
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    -- An incarnation of the log: a restored copy gets another.
    log_id     uuid    NOT NULL DEFAULT gen_random_uuid(),
    -- Fixed for the life of the log: the partitions of every topic.
    partitions integer NOT NULL DEFAULT 16 CHECK (partitions > 0),
    position   bigint  NOT NULL DEFAULT 0,
    hash       bytea   NOT NULL DEFAULT '\x0000000000000000000000000000000000000000000000000000000000000000'
);
INSERT INTO log_head DEFAULT VALUES;

-- Rules of a set that no aggregate can see: a value is held by one owner. Personal values are keyed hashes.
CREATE TABLE reservations
(
    kind  text  NOT NULL,
    value bytea NOT NULL,
    owner uuid  NOT NULL,
    PRIMARY KEY (kind, value)
);
CREATE INDEX reservations_by_owner ON reservations (owner, kind);

-- What a request with an Idempotency-Key led to: never its body.
CREATE TABLE idempotency_keys
(
    actor       text        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    resource_id uuid        NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (actor, key)
);

-- Data keys of persons (and of the system itself, under the nil id), wrapped with the master key.
CREATE TABLE subject_keys
(
    subject_id  uuid PRIMARY KEY,
    wrapped_key bytea       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

-- Secrets: never in an event.
CREATE TABLE passwords
(
    user_id uuid PRIMARY KEY,
    hash    text NOT NULL
);
CREATE TABLE tokens
(
    token_hash bytea PRIMARY KEY,
    user_id    uuid        NOT NULL,
    session_id uuid        NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tokens_by_user ON tokens (user_id);
CREATE TABLE provider_keys
(
    project_id uuid PRIMARY KEY,
    sealed_key bytea NOT NULL
);

-- How far each consumer has come, moved in the transaction that writes what it made of the events.
CREATE TABLE checkpoints
(
    consumer       text    NOT NULL,
    aggregate_type text    NOT NULL,
    partition      integer NOT NULL,
    position       bigint  NOT NULL,
    PRIMARY KEY (consumer, aggregate_type, partition)
);

-- Everything up to this position has been acknowledged by Kafka.
CREATE TABLE relay_mark
(
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    position bigint NOT NULL DEFAULT 0
);
INSERT INTO relay_mark DEFAULT VALUES;

-- Durable work that events trigger. A job without a living lease is taken over.
CREATE TABLE jobs
(
    job_id      uuid PRIMARY KEY,
    kind        text        NOT NULL,
    -- What the job is about, such as a document; with the kind it is unique.
    subject_id  uuid        NOT NULL,
    arguments   jsonb       NOT NULL,
    attempts    integer     NOT NULL DEFAULT 0,
    run_at      timestamptz NOT NULL DEFAULT now(),
    leased_by   uuid,
    lease_until timestamptz,
    last_error  text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (kind, subject_id)
);
CREATE INDEX jobs_by_due_time ON jobs (run_at);
