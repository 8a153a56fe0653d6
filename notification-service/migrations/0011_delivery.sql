-- collected: waits to be told in a digest, which is a delivery of its own (digest_id). recipient_key is
-- whose deliveries limits count: a person ("user:7") or an address. target is what may hang without
-- holding others up: the domain of an address. not_before is when limits and quiet hours let it go.
ALTER TABLE delivery
    DROP CONSTRAINT delivery_status_check,
    ADD COLUMN user_id bigint,
    ADD COLUMN recipient_key text,
    ADD COLUMN target text NOT NULL DEFAULT '',
    ADD COLUMN not_before timestamptz,
    ADD COLUMN digest_id bigint REFERENCES delivery ON DELETE SET NULL,
    ADD COLUMN device_id bigint;

UPDATE delivery d SET status = CASE d.status WHEN 'pending' THEN 'queued' ELSE d.status END,
    user_id = n.user_id, not_before = d.created_at,
    recipient_key = coalesce('user:' || n.user_id, lower(d.recipient), '')
FROM notification n WHERE n.id = d.notification_id;

ALTER TABLE delivery
    ALTER COLUMN status SET DEFAULT 'queued',
    ALTER COLUMN recipient_key SET NOT NULL,
    ALTER COLUMN not_before SET NOT NULL,
    ADD CHECK (status IN ('queued', 'sending', 'collected', 'sent', 'failed', 'suppressed'));

DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (channel, next_attempt_at) WHERE status IN ('queued', 'sending');
CREATE INDEX delivery_paced ON delivery (recipient_key, channel, not_before DESC)
    WHERE status IN ('queued', 'sending', 'sent');
CREATE INDEX delivery_collected ON delivery (user_id) WHERE status = 'collected' AND digest_id IS NULL;
CREATE INDEX delivery_of_digest ON delivery (digest_id) WHERE digest_id IS NOT NULL;
CREATE INDEX delivery_by_status ON delivery (status, id DESC);
CREATE INDEX delivery_by_channel ON delivery (channel, id DESC);
CREATE INDEX delivery_by_channel_and_status ON delivery (channel, status, id DESC);
CREATE INDEX delivery_by_person ON delivery (user_id, id DESC);

CREATE TABLE delivery_attempt (
    delivery_id bigint NOT NULL REFERENCES delivery ON DELETE CASCADE,
    number      int NOT NULL,
    ended_at    timestamptz NOT NULL,
    error       text, -- absent: it went out
    PRIMARY KEY (delivery_id, number)
);

-- Whose digest is due when. One row a person, taken by whoever makes the mail.
CREATE TABLE digest (
    user_id bigint PRIMARY KEY,
    due_at  timestamptz NOT NULL
);
CREATE INDEX digest_due ON digest (due_at);

-- Devices that push messages go to.
CREATE TABLE device (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL,
    token      text NOT NULL UNIQUE,
    platform   text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX device_of_person ON device (user_id, id);

-- How many notifications are in which state, without counting them: triggers note what a change adds
-- and takes away, a worker folds that into totals, readers add both.
CREATE TABLE delivery_delta (
    channel text NOT NULL,
    status  text NOT NULL,
    n       int NOT NULL
);
CREATE TABLE delivery_tally (
    channel text NOT NULL,
    status  text NOT NULL,
    n       bigint NOT NULL,
    PRIMARY KEY (channel, status)
);
INSERT INTO delivery_tally SELECT channel, status, count(*) FROM delivery GROUP BY 1, 2;
INSERT INTO delivery_tally SELECT 'in_app', 'sent', count(*) FROM notification WHERE channel = 'in_app';

CREATE FUNCTION delivery_tally_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO delivery_delta VALUES (OLD.channel, OLD.status, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO delivery_delta VALUES (NEW.channel, NEW.status, 1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER delivery_tally_new AFTER INSERT OR DELETE ON delivery
    FOR EACH ROW EXECUTE FUNCTION delivery_tally_change();
CREATE TRIGGER delivery_tally_changed AFTER UPDATE OF status ON delivery
    FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION delivery_tally_change();

CREATE FUNCTION notification_tally_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO delivery_delta VALUES ('in_app', 'sent', CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END);
    RETURN NULL;
END
$$;
CREATE TRIGGER notification_tally_new AFTER INSERT ON notification
    FOR EACH ROW WHEN (NEW.channel = 'in_app') EXECUTE FUNCTION notification_tally_change();
CREATE TRIGGER notification_tally_gone AFTER DELETE ON notification
    FOR EACH ROW WHEN (OLD.channel = 'in_app') EXECUTE FUNCTION notification_tally_change();
