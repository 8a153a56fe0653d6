-- Figures that nobody has to count for: triggers write what a change adds and takes away, a worker
-- folds that into totals, and readers add both, so that a total is exact at every moment and no two
-- writers wait for each other.
CREATE TABLE ticket_delta (
    status       ticket_status NOT NULL,
    is_assigned  boolean NOT NULL,
    priority     ticket_priority NOT NULL,
    category     text NOT NULL,
    requester_id bigint NOT NULL,
    created_at   timestamptz, -- of a new or deleted ticket
    n            integer NOT NULL
);
CREATE TABLE ticket_tally (
    status      ticket_status NOT NULL,
    is_assigned boolean NOT NULL,
    priority    ticket_priority NOT NULL,
    category    text NOT NULL,
    n           bigint NOT NULL,
    PRIMARY KEY (category, status, is_assigned, priority)
);
-- Tickets by the hour of their creation, and when each person has last opened one.
CREATE TABLE ticket_hour (
    hour timestamptz PRIMARY KEY,
    n    bigint NOT NULL
);
CREATE TABLE ticket_author (
    user_id bigint PRIMARY KEY,
    last_at timestamptz NOT NULL
);
CREATE INDEX ticket_author_by_time ON ticket_author (last_at);

CREATE FUNCTION ticket_tally_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO ticket_delta VALUES (OLD.status, OLD.is_assigned, OLD.priority, OLD.category,
            OLD.requester_id, CASE WHEN TG_OP = 'DELETE' THEN OLD.created_at END, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO ticket_delta VALUES (NEW.status, NEW.is_assigned, NEW.priority, NEW.category,
            NEW.requester_id, CASE WHEN TG_OP = 'INSERT' THEN NEW.created_at END, 1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_tally_new AFTER INSERT OR DELETE ON ticket
    FOR EACH ROW EXECUTE FUNCTION ticket_tally_change();
CREATE TRIGGER ticket_tally_changed AFTER UPDATE OF status, is_assigned, priority, category ON ticket
    FOR EACH ROW WHEN ((OLD.status, OLD.is_assigned, OLD.priority, OLD.category)
                       IS DISTINCT FROM (NEW.status, NEW.is_assigned, NEW.priority, NEW.category))
    EXECUTE FUNCTION ticket_tally_change();

CREATE TABLE feedback_delta (
    rating    integer NOT NULL,
    ticket_id bigint NOT NULL,
    user_id   bigint NOT NULL,
    n         integer NOT NULL
);
CREATE TABLE feedback_tally (
    rating integer PRIMARY KEY,
    n      bigint NOT NULL
);
-- How many ratings a ticket got or a user gave, and how many tickets and users have any.
CREATE TABLE feedback_party (
    kind text NOT NULL CHECK (kind IN ('ticket', 'user')),
    id   bigint NOT NULL,
    n    bigint NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE TABLE feedback_party_tally (
    kind text PRIMARY KEY,
    n    bigint NOT NULL
);
INSERT INTO feedback_party_tally VALUES ('ticket', 0), ('user', 0);

CREATE FUNCTION feedback_tally_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO feedback_delta VALUES (OLD.rating, OLD.ticket_id, OLD.user_id, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO feedback_delta VALUES (NEW.rating, NEW.ticket_id, NEW.user_id, 1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER feedback_tally_changed AFTER INSERT OR UPDATE OF rating OR DELETE ON feedback
    FOR EACH ROW EXECUTE FUNCTION feedback_tally_change();

CREATE TABLE tag_delta (
    tag text NOT NULL,
    n   integer NOT NULL
);
CREATE TABLE tag_tally (
    tag text PRIMARY KEY,
    n   bigint NOT NULL
);
CREATE INDEX tag_tally_by_use ON tag_tally (n DESC, tag);
CREATE INDEX tag_tally_by_prefix ON tag_tally (tag text_pattern_ops);

CREATE FUNCTION tag_tally_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO tag_delta VALUES (NEW.tag, 1);
    ELSE
        INSERT INTO tag_delta VALUES (OLD.tag, -1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER tag_tally_changed AFTER INSERT OR DELETE ON ticket_tag
    FOR EACH ROW EXECUTE FUNCTION tag_tally_change();

-- What was there before the triggers.
INSERT INTO ticket_delta
SELECT status, is_assigned, priority, category, requester_id, created_at, 1 FROM ticket;
INSERT INTO feedback_delta SELECT rating, ticket_id, user_id, 1 FROM feedback;
