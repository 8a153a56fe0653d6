-- Figures over time. As with the tallies, triggers note what a change adds and takes away, a worker
-- folds the notes into rollups, and readers add both.
CREATE TYPE insight_metric AS ENUM
    ('backlog', 'created', 'resolved', 'closed', 'reopened', 'response', 'resolution', 'met',
     'missed', 'csat');

-- A note. What is counted is counted under the category, department, priority and owner that the
-- ticket has at that time. status is that of an open ticket, which makes the note one of the
-- backlog, too; then at is the creation of the ticket. bucket: of a duration, or a rating; total:
-- of the seconds.
CREATE TABLE insight_delta (
    metric     insight_metric NOT NULL,
    at         timestamptz NOT NULL,
    status     ticket_status,
    category   text NOT NULL,
    department text NOT NULL,
    priority   ticket_priority NOT NULL,
    owner_id   bigint, -- NULL: nobody
    bucket     smallint NOT NULL DEFAULT 0,
    n          integer NOT NULL,
    total      bigint NOT NULL DEFAULT 0
);
ALTER TABLE insight_delta
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- One row for each value that there was in an hour. dimension is all (and key empty), category,
-- department, priority or owner; key is empty for none, the id of an owner.
CREATE TABLE insight_hour (
    dimension text NOT NULL,
    metric    insight_metric NOT NULL,
    hour      timestamptz NOT NULL,
    key       text NOT NULL,
    bucket    smallint NOT NULL,
    n         bigint NOT NULL,
    total     bigint NOT NULL,
    PRIMARY KEY (dimension, metric, hour, key, bucket)
);
-- Open tickets by the hour of their creation; those older than any limit of age are put together.
CREATE TABLE insight_backlog (
    dimension text NOT NULL,
    key       text NOT NULL,
    status    ticket_status NOT NULL,
    hour      timestamptz NOT NULL,
    n         bigint NOT NULL,
    PRIMARY KEY (dimension, key, status, hour)
);

-- What was counted of a ticket that is resolved, and of a rating, so that it can be taken back.
CREATE TABLE ticket_finish (
    ticket_id  bigint PRIMARY KEY REFERENCES ticket ON DELETE CASCADE,
    at         timestamptz NOT NULL,
    category   text NOT NULL,
    department text NOT NULL,
    priority   ticket_priority NOT NULL,
    owner_id   bigint,
    seconds    bigint NOT NULL,
    is_missed  boolean NOT NULL
);
CREATE TABLE ticket_rating (
    feedback_id bigint PRIMARY KEY,
    at          timestamptz NOT NULL,
    category    text NOT NULL,
    department  text NOT NULL,
    priority    ticket_priority NOT NULL,
    owner_id    bigint,
    rating      integer NOT NULL
);
-- Tickets of which the workflow has told that a deadline has passed.
CREATE TABLE sla_breach (
    ticket_id bigint PRIMARY KEY REFERENCES ticket ON DELETE CASCADE,
    at        timestamptz NOT NULL
);

-- Four buckets for each doubling, from one second on; the last one has no end.
CREATE FUNCTION insight_bucket(seconds bigint) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN seconds <= 1 THEN 0
                ELSE LEAST(floor(4 * ln(seconds::float8) / ln(2::float8)), 119) END::smallint
$$;
CREATE FUNCTION insight_seconds(since timestamptz, until timestamptz)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT GREATEST(extract(epoch FROM until - since), 0)::bigint
$$;
CREATE FUNCTION is_unfinished(status ticket_status) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT status IN ('Open', 'In Progress', 'On Hold')
$$;

CREATE FUNCTION insight_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO insight_delta (metric, at, status, category, department, priority, owner_id, n)
    VALUES ('created', NEW.created_at, CASE WHEN is_unfinished(NEW.status) THEN NEW.status END,
            NEW.category, COALESCE(NEW.department, ''), NEW.priority, NEW.owner_id, 1);
    RETURN NULL;
END
$$;
CREATE TRIGGER insight_opened AFTER INSERT ON ticket
    FOR EACH ROW EXECUTE FUNCTION insight_opened();

-- The ticket in the backlog as it was, and as it is.
CREATE FUNCTION insight_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF is_unfinished(OLD.status) THEN
        INSERT INTO insight_delta (metric, at, status, category, department, priority, owner_id, n)
        VALUES ('backlog', OLD.created_at, OLD.status, OLD.category, COALESCE(OLD.department, ''),
                OLD.priority, OLD.owner_id, -1);
    END IF;
    IF TG_OP = 'UPDATE' AND is_unfinished(NEW.status) THEN
        INSERT INTO insight_delta (metric, at, status, category, department, priority, owner_id, n)
        VALUES ('backlog', NEW.created_at, NEW.status, NEW.category, COALESCE(NEW.department, ''),
                NEW.priority, NEW.owner_id, 1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER insight_moved AFTER UPDATE OF status, category, department, priority, owner_id
    ON ticket FOR EACH ROW
    WHEN ((OLD.status, OLD.category, OLD.department, OLD.priority, OLD.owner_id)
          IS DISTINCT FROM (NEW.status, NEW.category, NEW.department, NEW.priority, NEW.owner_id))
    EXECUTE FUNCTION insight_moved();
CREATE TRIGGER insight_gone AFTER DELETE ON ticket
    FOR EACH ROW EXECUTE FUNCTION insight_moved();

-- What the finish of a ticket counts: n is 1, or -1 to take it back.
CREATE FUNCTION insight_count_finish(f ticket_finish, n integer) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO insight_delta (metric, at, category, department, priority, owner_id, bucket, n,
                               total)
    VALUES ('resolution', f.at, f.category, f.department, f.priority, f.owner_id,
            insight_bucket(f.seconds), n, n * f.seconds),
           (CASE WHEN f.is_missed THEN 'missed' ELSE 'met' END::insight_metric, f.at, f.category,
            f.department, f.priority, f.owner_id, 0, n, 0)
$$;

-- A ticket is resolved when it becomes Resolved, or Closed, out of an open state; it no longer is
-- when it is open again.
CREATE FUNCTION insight_turned() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    finish ticket_finish;
BEGIN
    IF NEW.status IN ('Resolved', 'Closed') AND is_unfinished(OLD.status) THEN
        INSERT INTO ticket_finish VALUES (NEW.id, NEW.updated_at, NEW.category,
            COALESCE(NEW.department, ''), NEW.priority, NEW.owner_id,
            insight_seconds(NEW.created_at, NEW.updated_at),
            EXISTS (SELECT FROM sla_breach b WHERE b.ticket_id = NEW.id)) RETURNING * INTO finish;
        PERFORM insight_count_finish(finish, 1);
        INSERT INTO insight_delta (metric, at, category, department, priority, owner_id, n)
        VALUES ('resolved', NEW.updated_at, NEW.category, COALESCE(NEW.department, ''),
                NEW.priority, NEW.owner_id, 1);
    ELSIF is_unfinished(NEW.status) AND NOT is_unfinished(OLD.status) THEN
        DELETE FROM ticket_finish WHERE ticket_id = NEW.id RETURNING * INTO finish;
        IF FOUND THEN
            PERFORM insight_count_finish(finish, -1);
        END IF;
        INSERT INTO insight_delta (metric, at, category, department, priority, owner_id, n)
        VALUES ('reopened', NEW.updated_at, NEW.category, COALESCE(NEW.department, ''),
                NEW.priority, NEW.owner_id, 1);
    END IF;
    IF NEW.status = 'Closed' THEN
        INSERT INTO insight_delta (metric, at, category, department, priority, owner_id, n)
        VALUES ('closed', NEW.updated_at, NEW.category, COALESCE(NEW.department, ''),
                NEW.priority, NEW.owner_id, 1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER insight_turned AFTER UPDATE OF status ON ticket
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION insight_turned();

CREATE FUNCTION insight_responded() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    seconds bigint := insight_seconds(NEW.created_at, NEW.first_response_at);
BEGIN
    INSERT INTO insight_delta (metric, at, category, department, priority, owner_id, bucket, n,
                               total)
    VALUES ('response', NEW.first_response_at, NEW.category, COALESCE(NEW.department, ''),
            NEW.priority, NEW.owner_id, insight_bucket(seconds), 1, seconds);
    RETURN NULL;
END
$$;
CREATE TRIGGER insight_responded AFTER UPDATE OF first_response_at ON ticket FOR EACH ROW
    WHEN (OLD.first_response_at IS NULL AND NEW.first_response_at IS NOT NULL)
    EXECUTE FUNCTION insight_responded();

-- The requester's rating of a ticket is its CSAT.
CREATE FUNCTION insight_rated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rated ticket_rating;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM ticket_rating WHERE feedback_id = OLD.id RETURNING * INTO rated;
        IF FOUND THEN
            INSERT INTO insight_delta (metric, at, category, department, priority, owner_id,
                                       bucket, n)
            VALUES ('csat', rated.at, rated.category, rated.department, rated.priority,
                    rated.owner_id, rated.rating, -1);
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO ticket_rating
        SELECT NEW.id, NEW.created_at, t.category, COALESCE(t.department, ''), t.priority,
               t.owner_id, NEW.rating
        FROM ticket t WHERE t.id = NEW.ticket_id AND t.requester_id = NEW.user_id
        RETURNING * INTO rated;
        IF FOUND THEN
            INSERT INTO insight_delta (metric, at, category, department, priority, owner_id,
                                       bucket, n)
            VALUES ('csat', rated.at, rated.category, rated.department, rated.priority,
                    rated.owner_id, rated.rating, 1);
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER insight_rated AFTER INSERT OR UPDATE OF rating OR DELETE ON feedback
    FOR EACH ROW EXECUTE FUNCTION insight_rated();

-- A breach of which is heard after the ticket was resolved, or before.
CREATE FUNCTION insight_breached() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    finish ticket_finish;
BEGIN
    SELECT * INTO finish FROM ticket_finish WHERE ticket_id = NEW.ticket_id AND NOT is_missed;
    IF FOUND THEN
        PERFORM insight_count_finish(finish, -1);
        finish.is_missed := true;
        UPDATE ticket_finish SET is_missed = true WHERE ticket_id = NEW.ticket_id;
        PERFORM insight_count_finish(finish, 1);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER insight_breached AFTER INSERT ON sla_breach
    FOR EACH ROW EXECUTE FUNCTION insight_breached();

-- Each note under each of its dimensions.
CREATE VIEW insight_note AS
SELECT k.dimension, k.key, d.metric, d.at, d.status, d.bucket, d.n, d.total
FROM insight_delta d CROSS JOIN LATERAL (VALUES
    ('all', ''), ('category', d.category), ('department', d.department),
    ('priority', d.priority::text), ('owner', COALESCE(d.owner_id::text, ''))) AS k (dimension, key);

-- Whether the server knows a time zone of that name.
CREATE FUNCTION insight_is_zone(name text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM 'epoch'::timestamptz AT TIME ZONE name;
    RETURN true;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END
$$;

-- What was there before the triggers: notes, as they would have left them, folded at once.
INSERT INTO ticket_finish
SELECT id, COALESCE(completed_at, updated_at), category, COALESCE(department, ''), priority,
       owner_id, insight_seconds(created_at, COALESCE(completed_at, updated_at)), false
FROM ticket WHERE status IN ('Resolved', 'Closed');
INSERT INTO ticket_rating
SELECT f.id, f.created_at, t.category, COALESCE(t.department, ''), t.priority, t.owner_id, f.rating
FROM feedback f JOIN ticket t ON t.id = f.ticket_id AND t.requester_id = f.user_id;
INSERT INTO insight_delta (metric, at, status, category, department, priority, owner_id, n)
SELECT 'created', created_at, CASE WHEN is_unfinished(status) THEN status END, category,
       COALESCE(department, ''), priority, owner_id, 1 FROM ticket;
INSERT INTO insight_delta (metric, at, category, department, priority, owner_id, bucket, n, total)
SELECT 'response', first_response_at, category, COALESCE(department, ''), priority, owner_id,
       insight_bucket(insight_seconds(created_at, first_response_at)), 1,
       insight_seconds(created_at, first_response_at)
FROM ticket WHERE first_response_at IS NOT NULL;
INSERT INTO insight_delta (metric, at, category, department, priority, owner_id, bucket, n, total)
SELECT m.metric, at, category, department, priority, owner_id,
       CASE WHEN m.metric = 'resolution' THEN insight_bucket(seconds) ELSE 0 END, 1,
       CASE WHEN m.metric = 'resolution' THEN seconds ELSE 0 END
FROM ticket_finish, unnest('{resolved,resolution,met}'::insight_metric[]) AS m (metric);
INSERT INTO insight_delta (metric, at, category, department, priority, owner_id, n)
SELECT 'closed', closed_at, category, COALESCE(department, ''), priority, owner_id, 1
FROM ticket WHERE status = 'Closed' AND closed_at IS NOT NULL;
INSERT INTO insight_delta (metric, at, category, department, priority, owner_id, bucket, n)
SELECT 'csat', at, category, department, priority, owner_id, rating, 1 FROM ticket_rating;
INSERT INTO insight_hour
SELECT dimension, metric, date_trunc('hour', at, 'UTC'), key, bucket, sum(n), sum(total)
FROM insight_note GROUP BY 1, 2, 3, 4, 5;
INSERT INTO insight_backlog
SELECT dimension, key, status, date_trunc('hour', at, 'UTC'), sum(n)
FROM insight_note WHERE status IS NOT NULL GROUP BY 1, 2, 3, 4;
DELETE FROM insight_delta;
