-- A text of an erased person is refused to the person who writes it. The function without `living` (0030) stays for programs of
-- the version before this one that still run on the same database.

-- Writes a batch of appends in one round trip, if all of it holds: the streams end where the decisions have seen their ends,
-- the users are there, and nobody has what is reserved. Returns the position before the batch, or null if something does not
-- hold; then nothing is written, and who calls decides over each append by itself.
CREATE FUNCTION append_batch(
    -- Each stream once, with the sequence of its last event before the batch.
    stream_types text[], stream_ids text[], stream_ends bigint[],
    -- Those who must have an account.
    users uuid[],
    -- Idempotency keys that must not be in use: whose they are, the request's fingerprint and what it makes.
    key_holders text[], keys text[], key_fingerprints bytea[], key_resources uuid[], key_ends timestamptz[],
    -- Values that must be free.
    reserved_kinds text[], reserved_values bytea[], reserved_owners uuid[],
    -- The events in their order, with the digest of everything but their position.
    event_aggregate_types text[], event_aggregate_ids text[], event_sequences bigint[], event_types text[],
    event_versions text[], event_payloads text[], event_metadata text[], event_partitions integer[],
    event_commands uuid[], event_digests bytea[],
    -- Durable work that is done, and that is to be done.
    finished_jobs uuid[],
    job_ids uuid[], job_kinds text[], job_subjects uuid[], job_arguments jsonb[], job_workers uuid[], job_lease interval,
    -- What other processes are told, behind the position.
    notice_channel text, notice text,
    -- Those who must not be erased.
    living uuid[]
) RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    start  bigint;
    place  bigint;
    link   bytea;
    digest bytea;
    links  bytea[] := '{}';
BEGIN
    -- Every statement below sees what was committed before the lock was had.
    SELECT position, hash INTO start, link FROM log_head FOR UPDATE;
    IF EXISTS (SELECT FROM unnest(stream_types, stream_ids, stream_ends) AS stream (type, id, last)
               WHERE stream.last <> coalesce((SELECT max(sequence) FROM events
                                              WHERE aggregate_type = stream.type AND aggregate_id = stream.id), 0)) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM unnest(users) AS wanted (id)
               WHERE NOT EXISTS (SELECT FROM reservations WHERE owner = wanted.id AND kind = 'username')) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM unnest(reserved_kinds, reserved_values) AS wanted (kind, value)
               JOIN reservations USING (kind, value)) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM unnest(key_holders, keys) AS wanted (actor, key)
               JOIN idempotency_keys USING (actor, key) WHERE expires_at > now()) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT FROM subject_keys WHERE subject_id = ANY (living) AND wrapped_key IS NULL) THEN
        RETURN NULL;
    END IF;

    place := start;
    FOREACH digest IN ARRAY event_digests LOOP
        place := place + 1;
        link := sha256(link || int8send(place) || digest);
        links := array_append(links, link);
    END LOOP;
    INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                        position, partition, command_id, hash)
    SELECT new.aggregate_type, new.aggregate_id, new.sequence, new.event_type, new.event_version, new.payload::json,
           new.metadata::json, start + new.number, new.partition, new.command_id, new.hash
    FROM unnest(event_aggregate_types, event_aggregate_ids, event_sequences, event_types, event_versions, event_payloads,
                event_metadata, event_partitions, event_commands, links) WITH ORDINALITY
        AS new (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, partition,
                command_id, hash, number);
    UPDATE log_head SET position = place, hash = link;
    PERFORM pg_notify(notice_channel, place || ' ' || notice);

    IF cardinality(reserved_kinds) > 0 THEN
        INSERT INTO reservations (kind, value, owner) SELECT * FROM unnest(reserved_kinds, reserved_values, reserved_owners);
    END IF;
    IF cardinality(keys) > 0 THEN
        -- One that has ended is given to the next request.
        INSERT INTO idempotency_keys (actor, key, fingerprint, resource_id, expires_at)
        SELECT * FROM unnest(key_holders, keys, key_fingerprints, key_resources, key_ends)
        ON CONFLICT (actor, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, resource_id = excluded.resource_id, expires_at = excluded.expires_at;
    END IF;
    -- First: a job may end with another one for the same subject in its place.
    IF cardinality(finished_jobs) > 0 THEN
        DELETE FROM jobs WHERE job_id = ANY (finished_jobs);
    END IF;
    IF cardinality(job_ids) > 0 THEN
        INSERT INTO jobs (job_id, kind, subject_id, arguments, leased_by, lease_until)
        SELECT new.job_id, new.kind, new.subject_id, new.arguments, new.worker,
               CASE WHEN new.worker IS NOT NULL THEN now() + job_lease END
        FROM unnest(job_ids, job_kinds, job_subjects, job_arguments, job_workers)
            AS new (job_id, kind, subject_id, arguments, worker)
        ON CONFLICT (kind, subject_id) DO NOTHING;
    END IF;
    RETURN start;
END
$$;
