-- Who did what to whom, or was refused it. Rows are only ever added; they name people by id, so that erasing a person leaves them true.
CREATE TABLE audit_event (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    actor_id    bigint,
    actor       text,
    action      text NOT NULL CHECK (action <> ''),
    target_type text,
    target_id   text,
    refused     boolean NOT NULL,
    address     text NOT NULL DEFAULT '',
    user_agent  text NOT NULL DEFAULT '',
    trace_id    text NOT NULL DEFAULT '',
    details     jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(details) = 'object')
);
CREATE INDEX audit_event_by_actor ON audit_event (actor_id, id DESC);
CREATE INDEX audit_event_by_target ON audit_event (target_type, target_id, id DESC);
CREATE INDEX audit_event_by_action ON audit_event (action, id DESC);

CREATE FUNCTION audit_event_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are neither changed nor removed';
END $$;
CREATE TRIGGER audit_event_final BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_is_final();
