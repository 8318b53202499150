-- Auditors read histories and change nothing. Nobody was one before.
ALTER TABLE views.users
    ADD COLUMN is_auditor boolean NOT NULL DEFAULT false;

-- Who read what of whom: one row for each thing that was read at once, and one for an access to no thing in particular.
CREATE TABLE views.accesses
(
    position       bigint      NOT NULL,
    place          integer     NOT NULL,
    event_id       uuid        NOT NULL,
    recorded_at    timestamptz NOT NULL,
    -- Whoever read, as actors are written, such as user:7f81988b-3811-448c-b9e3-01709e573ae6.
    reader         text        NOT NULL,
    session_id     uuid,
    roles          text[]      NOT NULL,
    what           text        NOT NULL,
    request        text        NOT NULL,
    is_granted     boolean     NOT NULL,
    object_kind    text,
    object_id      uuid,
    owner          uuid,
    reason         text,
    PRIMARY KEY (position, place)
);
CREATE INDEX accesses_by_reader ON views.accesses (reader, position);
CREATE INDEX accesses_by_owner ON views.accesses (owner, position) WHERE owner IS NOT NULL;
CREATE INDEX accesses_by_object ON views.accesses (object_id, position) WHERE object_id IS NOT NULL;
-- The reason that was given for an object in a log-in holds for the whole log-in.
CREATE INDEX accesses_with_reason ON views.accesses (session_id, object_id) WHERE reason IS NOT NULL;
