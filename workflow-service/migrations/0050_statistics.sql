-- Figures over time and the work of now, kept in rollups. What ends leaves a note that names it; what
-- begins leaves none: it is read from its own rows, up to a mark. A worker looks at the rows behind the
-- notes and folds both, readers add what is not folded yet.

-- Since when an item waited that was taken from the pool; NULL: it never did.
ALTER TABLE task_item ADD COLUMN pooled_at timestamptz;
UPDATE task_item i SET pooled_at = h.created_at FROM task_item_history h
WHERE h.task_item_id = i.id AND h.status = 'pool' AND i.assignee_id IS NOT NULL;
CREATE INDEX task_item_at_hand ON task_item (assignee_id, id) WHERE status IN ('new', 'in_progress');

-- kind: an item has ended, an item was taken from the pool, a task began or ceased to be over or on hold,
-- a task was opened again.
CREATE TABLE statistic_note (
    task_id bigint NOT NULL,
    item_id bigint,
    kind    text NOT NULL CHECK (kind IN ('item', 'pool', 'task', 'reopen')),
    at      timestamptz
);
ALTER TABLE statistic_note
    SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- What is counted. kind: the end of an item, the end of a task, of waiting in the pool; a task opened
-- again; an item on hold. sla: in which state the clock of the step, or of the whole, has ended.
-- stay_seconds: of all of the turns at the step, with the last one of them. n: -1 takes back.
CREATE TYPE statistic_delta AS (
    kind         text,
    at           timestamptz,
    workflow_id  bigint,
    step_id      bigint,
    is_escalated boolean,
    person_id    bigint,
    priority     text,
    outcome      text,
    seconds      bigint,
    stay_seconds bigint,
    sla          text,
    n            bigint
);

-- What is counted of a task as long as it is so: its end, and whose turn it is while it is on hold. It
-- is taken back as it was counted, whatever else has become of the task meanwhile.
CREATE TABLE statistic_counted (
    task_id bigint NOT NULL,
    kind    text NOT NULL CHECK (kind IN ('task', 'hold')),
    delta   statistic_delta NOT NULL,
    PRIMARY KEY (task_id, kind)
);

-- dimension: workflow (key empty), priority, step (its name), role (system:name) or person (id).
CREATE TABLE statistic_day (
    dimension   text NOT NULL,
    day         date NOT NULL,
    workflow_id bigint NOT NULL,
    key         text NOT NULL,
    metric      text NOT NULL,
    bucket      bigint NOT NULL,
    n           bigint NOT NULL,
    total       bigint NOT NULL, -- seconds
    PRIMARY KEY (dimension, day, workflow_id, key, metric, bucket)
);
-- Turns of now.
CREATE TABLE statistic_open (
    dimension   text NOT NULL,
    workflow_id bigint NOT NULL,
    key         text NOT NULL,
    open        bigint NOT NULL,
    pooled      bigint NOT NULL,
    held        bigint NOT NULL,
    PRIMARY KEY (dimension, workflow_id, key)
);
-- Beginnings up to item_id and task_id are folded. Those up to next_item_id and next_task_id can be
-- once every transaction before the horizon has ended: an id is given out within a transaction that
-- has written before, so none below them can appear later.
CREATE TABLE statistic_mark (
    is_only      boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    item_id      bigint NOT NULL,
    task_id      bigint NOT NULL,
    next_item_id bigint NOT NULL,
    next_task_id bigint NOT NULL,
    horizon      xid8 NOT NULL
);

-- Four buckets for each doubling, from one second on; the last one has no end.
CREATE FUNCTION statistic_bucket(seconds bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN seconds <= 1 THEN 0
                ELSE LEAST(floor(4 * ln(seconds::float8) / ln(2::float8)), 119) END::bigint
$$;
CREATE FUNCTION statistic_seconds(since timestamptz, until timestamptz)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT GREATEST(extract(epoch FROM until - since), 0)::bigint
$$;

-- ---- what ends -------------------------------------------------------------------------------

CREATE FUNCTION statistic_note_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO statistic_note (task_id, item_id, kind) VALUES (NEW.task_id, NEW.id, TG_ARGV[0]);
    RETURN NULL;
END $$;
CREATE TRIGGER statistic_item_ended AFTER UPDATE OF status ON task_item FOR EACH ROW
    WHEN (OLD.status IN ('pool', 'new', 'in_progress')
          AND NEW.status NOT IN ('pool', 'new', 'in_progress'))
    EXECUTE FUNCTION statistic_note_item('item');
CREATE TRIGGER statistic_item_taken AFTER UPDATE OF assignee_id ON task_item FOR EACH ROW
    WHEN (OLD.status = 'pool' AND NEW.assignee_id IS NOT NULL)
    EXECUTE FUNCTION statistic_note_item('pool');

CREATE FUNCTION statistic_item_taking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.pooled_at := OLD.assigned_on;
    RETURN NEW;
END $$;
CREATE TRIGGER statistic_item_taking BEFORE UPDATE OF assignee_id ON task_item FOR EACH ROW
    WHEN (OLD.status = 'pool' AND NEW.assignee_id IS NOT NULL)
    EXECUTE FUNCTION statistic_item_taking();

CREATE FUNCTION statistic_note_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO statistic_note (task_id, kind, at) VALUES (NEW.id, TG_ARGV[0], NEW.updated_at);
    RETURN NULL;
END $$;
CREATE TRIGGER statistic_task_changed AFTER UPDATE OF current_step_id, status ON task FOR EACH ROW
    WHEN (OLD.current_step_id IS NOT NULL AND NEW.current_step_id IS NULL
          OR (OLD.status = 'on_hold') <> (NEW.status = 'on_hold'))
    EXECUTE FUNCTION statistic_note_task('task');
CREATE TRIGGER statistic_task_reopened AFTER UPDATE OF current_step_id ON task FOR EACH ROW
    WHEN (OLD.current_step_id IS NULL AND NEW.current_step_id IS NOT NULL)
    EXECUTE FUNCTION statistic_note_task('reopen');

-- ---- what notes count ------------------------------------------------------------------------

-- When the turns at the step began of which this one is the last, or one before that.
CREATE FUNCTION statistic_stay_begin(i task_item) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT min(coalesce(x.pooled_at, x.assigned_on)) FROM task_item x
    WHERE x.task_id = i.task_id AND x.id <= i.id AND x.id > coalesce(
        (SELECT max(y.id) FROM task_item y WHERE y.task_id = i.task_id AND y.id < i.id
         AND y.status NOT IN ('reassigned', 'escalated')), 0)
$$;

-- How a task that is over ended: when the helpdesk closes it later, that changes nothing.
CREATE FUNCTION statistic_outcome(t task) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE t.status WHEN 'completed' THEN coalesce((SELECT x.outcome FROM task_item i
        LEFT JOIN transition x ON x.id = i.transition_id WHERE i.task_id = t.id
        ORDER BY i.id DESC LIMIT 1), 'resolved') ELSE t.status END
$$;

-- Of the end of an item, or of its wait in the pool: neither changes later.
CREATE VIEW statistic_of_item AS
SELECT i.id AS item_id, 'item' AS kind,
       ('item', f.at, v.workflow_id, i.step_id, i.is_escalated, i.assignee_id, k.priority, i.status,
        statistic_seconds(i.assigned_on, f.at),
        CASE WHEN f.is_last THEN statistic_seconds(statistic_stay_begin(i), f.at) END,
        CASE WHEN f.is_last THEN (SELECT c.state FROM sla_clock c WHERE c.task_id = i.task_id
             AND c.metric = 'step' AND c.step_id = i.step_id AND c.stopped_at = f.at
             ORDER BY c.cycle DESC LIMIT 1) END, 1)::statistic_delta AS delta
FROM task_item i JOIN task t ON t.id = i.task_id JOIN ticket k ON k.id = t.ticket_id
JOIN workflow_version v ON v.id = t.version_id
CROSS JOIN LATERAL (SELECT coalesce(i.acted_on, i.assigned_on) AS at,
    i.status IN ('resolved', 'cancelled') AS is_last) f
WHERE i.status NOT IN ('pool', 'new', 'in_progress')
UNION ALL
SELECT i.id, 'pool',
       ('pool', i.assigned_on, v.workflow_id, i.step_id, i.is_escalated, i.assignee_id, k.priority, NULL,
        statistic_seconds(i.pooled_at, i.assigned_on), NULL, NULL, 1)::statistic_delta
FROM task_item i JOIN task t ON t.id = i.task_id JOIN ticket k ON k.id = t.ticket_id
JOIN workflow_version v ON v.id = t.version_id WHERE i.pooled_at IS NOT NULL;

-- Of a task as it is now.
CREATE VIEW statistic_of_task AS
SELECT t.id AS task_id, 'task' AS kind,
       ('task', f.at, v.workflow_id, NULL, false, NULL, k.priority, statistic_outcome(t),
        statistic_seconds(t.submitted_at, f.at), NULL,
        (SELECT c.state FROM sla_clock c WHERE c.task_id = t.id AND c.metric = 'resolution'
         AND c.stopped_at IS NOT NULL ORDER BY c.cycle DESC LIMIT 1), 1)::statistic_delta AS delta
FROM task t JOIN ticket k ON k.id = t.ticket_id JOIN workflow_version v ON v.id = t.version_id
CROSS JOIN LATERAL (SELECT coalesce(t.resolved_at, t.updated_at) AS at) f
WHERE t.current_step_id IS NULL
UNION ALL
SELECT t.id, 'hold',
       ('hold', i.assigned_on, v.workflow_id, i.step_id, i.is_escalated, i.assignee_id, NULL, NULL, 0,
        NULL, NULL, 1)::statistic_delta
FROM task t JOIN workflow_version v ON v.id = t.version_id JOIN task_item i ON i.task_id = t.id
 AND i.status IN ('pool', 'new', 'in_progress')
WHERE t.status = 'on_hold';

CREATE FUNCTION statistic_taken_back(d statistic_delta) RETURNS statistic_delta
LANGUAGE sql IMMUTABLE AS $$
    SELECT (d.kind, d.at, d.workflow_id, d.step_id, d.is_escalated, d.person_id, d.priority, d.outcome,
            d.seconds, d.stay_seconds, d.sla, -d.n)::statistic_delta
$$;

-- What those notes change: each task among them is compared with what is counted of it. They are few, as
-- the planner cannot know: OFFSET 0 has it look at one after the other.
CREATE FUNCTION statistic_deltas(notes statistic_note[]) RETURNS SETOF statistic_delta
LANGUAGE sql STABLE AS $$
    SELECT x.delta FROM unnest(notes) n, LATERAL (SELECT i.delta FROM statistic_of_item i
        WHERE i.item_id = n.item_id AND i.kind = n.kind OFFSET 0) x
    UNION ALL
    SELECT ('reopen', n.at, v.workflow_id, NULL, false, NULL, k.priority, NULL, 0, NULL, NULL,
            1)::statistic_delta
    FROM unnest(notes) n JOIN task t ON t.id = n.task_id JOIN ticket k ON k.id = t.ticket_id
    JOIN workflow_version v ON v.id = t.version_id WHERE n.kind = 'reopen'
    UNION ALL
    SELECT x.delta FROM (SELECT DISTINCT task_id FROM unnest(notes)) n,
        LATERAL (SELECT t.delta FROM statistic_of_task t WHERE t.task_id = n.task_id OFFSET 0) x
    UNION ALL
    SELECT statistic_taken_back(c.delta) FROM (SELECT DISTINCT task_id FROM unnest(notes)) n
    JOIN statistic_counted c ON c.task_id = n.task_id
$$;

CREATE FUNCTION statistic_role(s step, is_escalated boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN is_escalated AND s.escalation_role IS NOT NULL
                THEN s.escalation_system || ':' || s.escalation_role
                ELSE s.role_system || ':' || s.role_name END
$$;

CREATE FUNCTION statistic_figures(d statistic_delta)
RETURNS TABLE (dimension text, day date, workflow_id bigint, key text, metric text, bucket bigint,
               n bigint, total bigint) LANGUAGE sql STABLE AS $$
    SELECT k.dimension, (d.at AT TIME ZONE 'UTC')::date, d.workflow_id, k.key, m.metric,
           statistic_bucket(m.seconds), d.n, d.n * m.seconds
    FROM (VALUES (1)) one LEFT JOIN step s ON s.id = d.step_id
    CROSS JOIN LATERAL (VALUES ('workflow', '', true), ('priority', d.priority, true),
        ('step', s.name, false), ('role', statistic_role(s, d.is_escalated), false),
        ('person', d.person_id::text, false)) AS k (dimension, key, is_whole)
    CROSS JOIN LATERAL (VALUES
        (CASE WHEN d.kind = 'pool' AND k.dimension = 'person' THEN 'started'
              WHEN d.kind = 'pool' THEN 'pool'
              WHEN d.kind = 'reopen' THEN 'reopened'
              WHEN d.kind = 'task' THEN d.outcome
              WHEN d.kind = 'item' AND (NOT k.is_whole OR d.outcome IN ('reassigned', 'escalated'))
              THEN d.outcome END,
         CASE WHEN d.kind = 'item' AND k.is_whole OR d.kind = 'pool' AND k.dimension = 'person' THEN 0
              WHEN d.kind = 'item' AND k.dimension = 'step' THEN coalesce(d.stay_seconds, 0)
              ELSE d.seconds END),
        (CASE WHEN d.kind = 'task' OR NOT k.is_whole THEN 'sla_' || d.sla END, 0)) AS m (metric, seconds)
    WHERE k.key IS NOT NULL AND m.metric IS NOT NULL
$$;

CREATE FUNCTION statistic_turns(d statistic_delta)
RETURNS TABLE (dimension text, workflow_id bigint, key text, open bigint, pooled bigint, held bigint)
LANGUAGE sql STABLE AS $$
    SELECT k.dimension, d.workflow_id, k.key,
           CASE WHEN d.kind = 'item' THEN -d.n
                WHEN d.kind = 'pool' AND k.dimension = 'person' THEN d.n ELSE 0 END,
           CASE WHEN k.dimension <> 'person' AND (d.kind = 'pool'
                     OR d.kind = 'item' AND d.person_id IS NULL) THEN -d.n ELSE 0 END,
           CASE WHEN d.kind = 'hold' THEN d.n ELSE 0 END
    FROM step s CROSS JOIN LATERAL (VALUES ('workflow', ''), ('step', s.name),
        ('role', statistic_role(s, d.is_escalated)), ('person', d.person_id::text)) AS k (dimension, key)
    WHERE s.id = d.step_id AND k.key IS NOT NULL
$$;

-- ---- what begins -----------------------------------------------------------------------------

-- A turn, as it was when it began. At a step it counts as started with the first of its turns there.
CREATE VIEW statistic_item_begin AS
SELECT i.id AS item_id, k.dimension, (b.at AT TIME ZONE 'UTC')::date AS day, v.workflow_id, k.key,
       CASE WHEN k.dimension = 'workflow' OR k.dimension = 'step' AND coalesce((SELECT
                y.status IN ('reassigned', 'escalated') FROM task_item y WHERE y.task_id = i.task_id
                AND y.id < i.id ORDER BY y.id DESC LIMIT 1), false) THEN 0 ELSE 1 END AS started,
       CASE WHEN b.is_pooled AND k.dimension <> 'person' THEN 1 ELSE 0 END AS pooled
FROM task_item i JOIN step s ON s.id = i.step_id JOIN workflow_version v ON v.id = s.version_id
CROSS JOIN LATERAL (SELECT coalesce(i.pooled_at, i.assigned_on) AS at,
    i.pooled_at IS NOT NULL OR i.assignee_id IS NULL AS is_pooled) b
CROSS JOIN LATERAL (VALUES ('workflow', ''), ('step', s.name), ('role', statistic_role(s, i.is_escalated)),
    ('person', CASE WHEN NOT b.is_pooled THEN i.assignee_id::text END)) AS k (dimension, key)
WHERE k.key IS NOT NULL;

CREATE VIEW statistic_task_begin AS
SELECT t.id AS task_id, k.dimension, (t.created_at AT TIME ZONE 'UTC')::date AS day, v.workflow_id, k.key
FROM task t JOIN workflow_version v ON v.id = t.version_id JOIN ticket x ON x.id = t.ticket_id
CROSS JOIN LATERAL (VALUES ('workflow', ''), ('priority', x.priority)) AS k (dimension, key);

-- ---- what there was before -------------------------------------------------------------------

INSERT INTO statistic_counted SELECT task_id, kind, delta FROM statistic_of_task;
CREATE TEMPORARY TABLE statistic_before AS
SELECT delta AS d FROM statistic_of_item UNION ALL SELECT delta FROM statistic_counted;

INSERT INTO statistic_day
SELECT dimension, day, workflow_id, key, metric, bucket, sum(n), sum(total) FROM (
    SELECT x.* FROM statistic_before b, statistic_figures(b.d) x
    UNION ALL SELECT dimension, day, workflow_id, key, 'started', 0, started, 0
    FROM statistic_item_begin WHERE started > 0
    UNION ALL SELECT dimension, day, workflow_id, key, 'started', 0, 1, 0 FROM statistic_task_begin) y
GROUP BY 1, 2, 3, 4, 5, 6;
INSERT INTO statistic_open
SELECT dimension, workflow_id, key, sum(open), sum(pooled), sum(held) FROM (
    SELECT x.* FROM statistic_before b, statistic_turns(b.d) x
    UNION ALL SELECT dimension, workflow_id, key, 1, pooled, 0 FROM statistic_item_begin) y
GROUP BY 1, 2, 3;
DROP TABLE statistic_before;
INSERT INTO statistic_mark (item_id, task_id, next_item_id, next_task_id, horizon)
SELECT i.id, t.id, i.id, t.id, pg_snapshot_xmax(pg_current_snapshot())
FROM (SELECT coalesce(max(id), 0) AS id FROM task_item) i, (SELECT coalesce(max(id), 0) AS id FROM task) t;
