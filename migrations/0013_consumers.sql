-- What consumers could not apply, how complete they are, and signs of life.

-- Of the events up to the position: how many have taken effect, wait in parked_events, or were given up. Together they are as
-- many as the log has of this type and partition up to there.
ALTER TABLE checkpoints
    ADD COLUMN applied bigint NOT NULL DEFAULT 0 CHECK (applied >= 0),
    ADD COLUMN parked  bigint NOT NULL DEFAULT 0 CHECK (parked >= 0),
    ADD COLUMN dropped bigint NOT NULL DEFAULT 0 CHECK (dropped >= 0);
UPDATE checkpoints SET applied = (
    SELECT count(*) FROM events
    WHERE events.aggregate_type = checkpoints.aggregate_type
      AND events.partition = checkpoints.partition
      AND events.position <= checkpoints.position
);

-- Events that a consumer could not apply, and behind each of them the later ones of its aggregate, so that the order is kept.
-- Rows are written and removed under the lock of their checkpoint only.
CREATE TABLE parked_events
(
    consumer       text        NOT NULL,
    position       bigint      NOT NULL,
    aggregate_type text        NOT NULL,
    aggregate_id   text        NOT NULL,
    partition      integer     NOT NULL,
    -- Why, without personal text; null for one that only waits behind another.
    error          text,
    parked_at      timestamptz NOT NULL DEFAULT now(),
    -- When somebody gave it up: the projection is incomplete since then.
    dropped_at     timestamptz,
    PRIMARY KEY (consumer, position)
);
CREATE INDEX parked_events_by_aggregate ON parked_events (consumer, aggregate_type, aggregate_id, position)
    WHERE dropped_at IS NULL;

-- The last sign of life of each part of each process that makes rounds.
CREATE TABLE heartbeats
(
    kind    text        NOT NULL,
    name    text        NOT NULL,
    -- One living part: of a process, or one worker of several.
    process uuid        NOT NULL,
    beat_at timestamptz NOT NULL,
    PRIMARY KEY (kind, name, process)
);
