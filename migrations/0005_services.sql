-- Services with their API keys, and the temp tokens that are made with these.

-- Secrets: never in an event. A key is kept as its keyed hash only; a revoked one is not kept.
CREATE TABLE api_keys
(
    key_hash   bytea PRIMARY KEY,
    key_id     uuid NOT NULL UNIQUE,
    service_id uuid NOT NULL
);
CREATE INDEX api_keys_by_service ON api_keys (service_id);

-- Ends with the key that it was made with.
CREATE TABLE temp_tokens
(
    -- A keyed hash.
    token_hash   bytea PRIMARY KEY,
    key_id       uuid        NOT NULL REFERENCES api_keys (key_id) ON DELETE CASCADE,
    -- A keyed hash of the only address that it may be used from.
    address_hash bytea       NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX temp_tokens_by_key ON temp_tokens (key_id);
CREATE INDEX temp_tokens_by_expiry ON temp_tokens (expires_at);

CREATE TABLE views.services (
    id          uuid PRIMARY KEY,
    position    bigint NOT NULL,
    name        text NOT NULL,
    allow_key   boolean NOT NULL,
    owner       uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    is_deleted  boolean NOT NULL DEFAULT false
);

-- What the keys are called; nothing of the keys themselves.
CREATE TABLE views.api_keys (
    id         uuid PRIMARY KEY,
    position   bigint NOT NULL,
    service_id uuid NOT NULL,
    title      text NOT NULL,
    created_at timestamptz NOT NULL,
    is_revoked boolean NOT NULL DEFAULT false
);
CREATE INDEX api_keys_of_service ON views.api_keys (service_id, position);
