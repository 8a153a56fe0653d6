-- Adds clocks (id 0) or saves their state, with a record of what happened to each; the deadlines shown on the tasks
-- and their items follow. One after the other, each by its key: joined with the tables, few rows would be planned
-- as if they were many. Times are Unix microseconds.
CREATE FUNCTION at_us(us bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT timestamptz 'epoch' + us * interval '1 microsecond'
$$;

CREATE FUNCTION clock_put(puts jsonb) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    x record;
BEGIN
    FOR x IN SELECT j.id, j.task_id, j.metric, j.cycle, j.step_id, j.workflow_id, j.sla_version, j.target_us,
            j.breach_us, j.consumed_us, j.warn_percents, j.warned_percent, j.state, j.notes,
            at_us(j.started_at) AS started_at, at_us(j.anchor_at) AS anchor_at, at_us(j.due_at) AS due_at,
            at_us(j.breach_at) AS breach_at, at_us(j.warn_at) AS warn_at, at_us(j.warned_at) AS warned_at,
            at_us(j.breached_at) AS breached_at, at_us(j.stopped_at) AS stopped_at, at_us(j.next_wake) AS next_wake,
            at_us(j.now) AS now
        FROM jsonb_to_recordset(puts) AS j (id bigint, task_id bigint, metric text, cycle bigint, step_id bigint,
            workflow_id bigint, sla_version bigint, target_us bigint, breach_us bigint, consumed_us bigint,
            warn_percents bigint[], warned_percent bigint, state text, notes jsonb, started_at bigint,
            anchor_at bigint, due_at bigint, breach_at bigint, warn_at bigint, warned_at bigint,
            breached_at bigint, stopped_at bigint, next_wake bigint, now bigint)
    LOOP
        IF x.id = 0 THEN
            INSERT INTO sla_clock (task_id, metric, sla_version, target_us, breach_us, consumed_us, anchor_at, due_at,
                breach_at, warn_at, warn_percents, warned_percent, breached_at, stopped_at, next_wake, state, cycle,
                step_id, workflow_id, started_at)
            VALUES (x.task_id, x.metric, x.sla_version, x.target_us, x.breach_us, x.consumed_us, x.anchor_at, x.due_at,
                x.breach_at, x.warn_at, x.warn_percents, x.warned_percent, x.breached_at, x.stopped_at, x.next_wake,
                x.state, x.cycle, x.step_id, x.workflow_id, x.started_at)
            RETURNING id INTO x.id;
        ELSE
            UPDATE sla_clock SET sla_version = x.sla_version, target_us = x.target_us, breach_us = x.breach_us,
                consumed_us = x.consumed_us, anchor_at = x.anchor_at, due_at = x.due_at, breach_at = x.breach_at,
                warn_at = x.warn_at, warn_percents = x.warn_percents, warned_percent = x.warned_percent,
                warned_at = x.warned_at, breached_at = x.breached_at, stopped_at = x.stopped_at,
                next_wake = x.next_wake, state = x.state WHERE id = x.id;
        END IF;
        IF x.metric = 'resolution' THEN
            UPDATE task SET target_resolution = x.due_at, sla_breach_at = x.breach_at, sla_breached_at = x.breached_at
            WHERE id = x.task_id AND (target_resolution, sla_breach_at, sla_breached_at)
                IS DISTINCT FROM (x.due_at, x.breach_at, x.breached_at);
        ELSIF x.metric = 'step' AND x.stopped_at IS NULL THEN
            UPDATE task_item SET target_at = x.due_at
            WHERE task_id = x.task_id AND status IN ('pool', 'new', 'in_progress');
        END IF;
        INSERT INTO sla_event (clock_id, kind, detail, consumed_us, due_at, breach_at, created_at)
        SELECT x.id, e ->> 'kind', e ->> 'detail', x.consumed_us, x.due_at, x.breach_at, x.now
        FROM jsonb_array_elements(x.notes) e;
    END LOOP;
END
$$;
