-- What a deleted account must not leave behind, and passwords that were forgotten.

-- Who owns something cannot be deleted: each thing is a reservation of its owner's, made when the thing is made. Those
-- of before are made here, from the events.
INSERT INTO reservations (kind, value, owner)
SELECT 'possession', uuid_send(aggregate_id::uuid), coalesce(payload ->> 'owner', payload ->> 'creator')::uuid
FROM events
WHERE (aggregate_type, event_type) IN (('chat', 'Started'), ('project', 'Created'))
  AND coalesce(payload ->> 'owner', payload ->> 'creator') IS NOT NULL;

ALTER TABLE views.users ADD COLUMN is_active boolean NOT NULL DEFAULT true;
CREATE INDEX users_by_username ON views.users (username);

-- Codes to set a new password with. There is one for every address that was asked for, also for those of nobody: what
-- is answered must not tell which is which.
CREATE TABLE reset_codes
(
    -- A keyed hash.
    address     bytea PRIMARY KEY,
    -- Null for an address of nobody.
    user_id     uuid,
    -- Sealed, so that it can be mailed again while it lives.
    sealed_code bytea       NOT NULL,
    -- Wrong guesses that may still be made.
    tries_left  integer     NOT NULL,
    is_used     boolean     NOT NULL DEFAULT false,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX reset_codes_by_expiry ON reset_codes (expires_at);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
