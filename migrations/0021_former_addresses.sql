-- The e-mail address that an account had before staff gave it another one: codes for a new password go there for a while.
CREATE TABLE former_addresses
(
    user_id      uuid PRIMARY KEY,
    sealed_email bytea       NOT NULL,
    until        timestamptz NOT NULL
);
CREATE INDEX former_addresses_by_expiry ON former_addresses (until);
