-- How work finds people: policies of roles and steps, what agents say of themselves, and how much each
-- of them has at hand.

-- Of a role, or of a step, whose own policy wins. A step is meant by name, in every version to come.
CREATE TABLE assignment_policy (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    role_system text,
    role_name   text,
    workflow_id bigint REFERENCES workflow ON DELETE CASCADE,
    step_name   text,
    kind        text NOT NULL CHECK (kind IN
        ('round_robin', 'least_loaded', 'weighted', 'skills', 'sticky', 'manual')),
    fallback    text CHECK (fallback IN
        ('round_robin', 'least_loaded', 'weighted', 'skills', 'manual')),
    must        text[] NOT NULL,
    should      text[] NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CHECK ((role_system IS NULL) = (role_name IS NULL)),
    CHECK ((workflow_id IS NULL) = (step_name IS NULL)),
    CHECK ((role_name IS NULL) <> (step_name IS NULL)),
    CHECK ((kind = 'sticky') = (fallback IS NOT NULL))
);

CREATE UNIQUE INDEX assignment_policy_by_role ON assignment_policy (role_system, role_name)
    WHERE role_name IS NOT NULL;
CREATE UNIQUE INDEX assignment_policy_by_step ON assignment_policy (workflow_id, lower(step_name))
    WHERE step_name IS NOT NULL;

-- Whoever has no row takes any number of items, at any time.
CREATE TABLE agent (
    person_id     bigint PRIMARY KEY,
    capacity      bigint CHECK (capacity >= 0), -- NULL: no limit
    weight        bigint NOT NULL CHECK (weight >= 0),
    skills        text[] NOT NULL,
    presence      text NOT NULL CHECK (presence IN ('available', 'busy', 'away', 'offline')),
    out_from      timestamptz,
    out_until     timestamptz,
    substitute_id bigint,
    version       bigint NOT NULL DEFAULT 1,
    updated_at    timestamptz NOT NULL,
    CHECK (out_until > out_from)
);

-- What somebody has at hand, of those only for whom it matters: rows that many tickets would otherwise
-- wait for each other at. Weights are thousandths of the steps' own.
CREATE TABLE agent_load (
    person_id   bigint PRIMARY KEY,
    open_items  bigint NOT NULL CHECK (open_items >= 0),
    open_weight bigint NOT NULL CHECK (open_weight >= 0),
    owned       bigint NOT NULL CHECK (owned >= 0)
);

-- While nobody's load is counted the triggers below are off: most changes of work have nothing to do
-- with them.
CREATE FUNCTION agent_load_switch() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM agent_load) THEN
        ALTER TABLE task_item ENABLE TRIGGER agent_load_item_new,
            ENABLE TRIGGER agent_load_item_gone, ENABLE TRIGGER agent_load_item_changed;
        ALTER TABLE task ENABLE TRIGGER agent_load_task_new,
            ENABLE TRIGGER agent_load_task_gone, ENABLE TRIGGER agent_load_task_changed;
    ELSE
        ALTER TABLE task_item DISABLE TRIGGER agent_load_item_new,
            DISABLE TRIGGER agent_load_item_gone, DISABLE TRIGGER agent_load_item_changed;
        ALTER TABLE task DISABLE TRIGGER agent_load_task_new,
            DISABLE TRIGGER agent_load_task_gone, DISABLE TRIGGER agent_load_task_changed;
    END IF;
END $$;

-- Begins to count. Whoever is just giving or finishing work is waited for, and nobody does either until
-- this transaction ends: from then on the triggers see the row.
CREATE FUNCTION agent_load_track(people bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    is_first boolean;
BEGIN
    LOCK TABLE task_item, task IN SHARE ROW EXCLUSIVE MODE;
    is_first := NOT EXISTS (SELECT FROM agent_load);
    INSERT INTO agent_load (person_id, open_items, open_weight, owned)
    SELECT p.id, i.n, i.weight, (SELECT count(*) FROM task t
                                 WHERE t.owner_id = p.id AND t.current_step_id IS NOT NULL)
    FROM unnest(people) p (id) CROSS JOIN LATERAL (
        SELECT count(*) AS n, coalesce(sum(round(least(s.weight, 1000) * 1000)::bigint), 0)::bigint AS weight
        FROM task_item x JOIN step s ON s.id = x.step_id
        WHERE x.assignee_id = p.id AND x.status IN ('new', 'in_progress')) i
    ORDER BY p.id ON CONFLICT DO NOTHING;
    IF is_first THEN
        PERFORM agent_load_switch();
    END IF;
END $$;

-- Counts nobody any more but those.
CREATE FUNCTION agent_load_keep(people bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM agent_load WHERE person_id <> ALL (people);
    IF FOUND AND NOT EXISTS (SELECT FROM agent_load) THEN
        LOCK TABLE task_item, task IN SHARE ROW EXCLUSIVE MODE;
        PERFORM agent_load_switch();
    END IF;
END $$;

CREATE FUNCTION agent_load_follow_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.status IN ('new', 'in_progress') THEN
        UPDATE agent_load SET open_items = open_items - 1, open_weight = open_weight
            - (SELECT round(least(s.weight, 1000) * 1000)::bigint FROM step s WHERE s.id = OLD.step_id)
        WHERE person_id = OLD.assignee_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.status IN ('new', 'in_progress') THEN
        UPDATE agent_load SET open_items = open_items + 1, open_weight = open_weight
            + (SELECT round(least(s.weight, 1000) * 1000)::bigint FROM step s WHERE s.id = NEW.step_id)
        WHERE person_id = NEW.assignee_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER agent_load_item_new AFTER INSERT ON task_item FOR EACH ROW
    WHEN (NEW.status IN ('new', 'in_progress')) EXECUTE FUNCTION agent_load_follow_item();
CREATE TRIGGER agent_load_item_gone AFTER DELETE ON task_item FOR EACH ROW
    WHEN (OLD.status IN ('new', 'in_progress')) EXECUTE FUNCTION agent_load_follow_item();
CREATE TRIGGER agent_load_item_changed AFTER UPDATE OF status, assignee_id ON task_item FOR EACH ROW
    WHEN ((OLD.status IN ('new', 'in_progress')) <> (NEW.status IN ('new', 'in_progress'))
          OR OLD.assignee_id IS DISTINCT FROM NEW.assignee_id)
    EXECUTE FUNCTION agent_load_follow_item();

CREATE FUNCTION agent_load_follow_task() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.current_step_id IS NOT NULL THEN
        UPDATE agent_load SET owned = owned - 1 WHERE person_id = OLD.owner_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.current_step_id IS NOT NULL THEN
        UPDATE agent_load SET owned = owned + 1 WHERE person_id = NEW.owner_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER agent_load_task_new AFTER INSERT ON task FOR EACH ROW
    WHEN (NEW.owner_id IS NOT NULL) EXECUTE FUNCTION agent_load_follow_task();
CREATE TRIGGER agent_load_task_gone AFTER DELETE ON task FOR EACH ROW
    WHEN (OLD.owner_id IS NOT NULL) EXECUTE FUNCTION agent_load_follow_task();
CREATE TRIGGER agent_load_task_changed AFTER UPDATE OF owner_id, current_step_id ON task FOR EACH ROW
    WHEN (OLD.owner_id IS DISTINCT FROM NEW.owner_id
          OR (OLD.current_step_id IS NULL) <> (NEW.current_step_id IS NULL))
    EXECUTE FUNCTION agent_load_follow_task();

SELECT agent_load_switch();

-- scores: what was known of each candidate; NULL where turns alone decided.
ALTER TABLE assignment_decision ADD COLUMN policy text NOT NULL DEFAULT 'round_robin',
    ADD COLUMN scores jsonb, ADD COLUMN actor_id bigint;

-- is_told: admins know that the item waits.
ALTER TABLE task_item ADD COLUMN is_told boolean NOT NULL DEFAULT false;
CREATE INDEX task_item_pool_by_step ON task_item (step_id) WHERE status = 'pool';
CREATE INDEX task_item_untold ON task_item (id) WHERE status = 'pool' AND NOT is_told;
DROP INDEX task_item_pool;

-- The latest tickets of a requester tell who has dealt with them.
CREATE INDEX ticket_by_requester_latest ON ticket (requester_id, id DESC);
DROP INDEX ticket_by_requester;

-- People who can be given work: those with a role beyond that of employees.
CREATE INDEX person_role_agent ON person_role (person_id) WHERE NOT (system = 'hdts' AND role = 'Employee');
