-- Stored events are never changed: neither by the program's own role nor, unless the guard is switched off on purpose, by a superuser.

-- The owner of the table too: what nobody has been granted cannot be used by mistake.
REVOKE UPDATE, DELETE, TRUNCATE ON events FROM PUBLIC, CURRENT_USER;

CREATE FUNCTION refuse_to_change_events() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    RAISE EXCEPTION 'stored events are never changed: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER events_are_kept
    BEFORE UPDATE OR DELETE OR TRUNCATE
    ON events
    FOR EACH STATEMENT
EXECUTE FUNCTION refuse_to_change_events();

-- Checkpoints and the relay's mark are places in one incarnation of the log: a restored copy gets another id.
CREATE FUNCTION current_log_id() RETURNS uuid
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT log_id FROM log_head;
END;

ALTER TABLE checkpoints
    ADD COLUMN log_id uuid NOT NULL DEFAULT current_log_id();
ALTER TABLE relay_mark
    ADD COLUMN log_id uuid NOT NULL DEFAULT current_log_id();
