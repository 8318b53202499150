-- From where accounts were let in: whoever guesses at a password elsewhere cannot keep its owner out there.
CREATE TABLE log_in_places
(
    -- A keyed hash of the account's e-mail address and the client's address.
    place   bytea PRIMARY KEY,
    user_id uuid        NOT NULL,
    seen_at timestamptz NOT NULL
);
CREATE INDEX log_in_places_by_user ON log_in_places (user_id);
CREATE INDEX log_in_places_by_time ON log_in_places (seen_at);

-- Guesses at a code for a new password that are left to each who has asked for it: strangers use up only those that they have
-- together (tries_left). By keyed hash of the client's address.
ALTER TABLE reset_codes ADD COLUMN own_tries jsonb NOT NULL DEFAULT '{}';
