-- One page of a filtered list: the ids in order, and how many tickets match, 10,001 when there are
-- more than 10,000. Where the planner expects far more than that, they are not counted at all.
-- The statement is put together from constant parts and planned for the filters that are there;
-- values are passed as parameters, of the columns' own types, so that the planner can weigh them.
-- A filter that is NULL does not filter. viewer restricts the list to the tickets that concern that
-- person.
CREATE OR REPLACE FUNCTION ticket_page(viewer bigint, status text[], priority text[], category text,
                            department text, owner bigint, is_unowned boolean, requester bigint,
                            words text, sort text, is_descending boolean, skip bigint,
                            page_size bigint)
RETURNS TABLE (total bigint, ids bigint[])
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    source text := 'ticket t';
    filter text := 'true';
    direction text := CASE WHEN is_descending THEN ' DESC' ELSE ' ASC' END;
    ordering text;
    statuses ticket_status[] := status::ticket_status[];
    priorities ticket_priority[] := priority::ticket_priority[];
    plan json;
BEGIN
    IF viewer IS NOT NULL THEN
        source := 'ticket_participant p JOIN ticket t ON t.id = p.ticket_id';
        filter := 'p.user_id = $1';
    END IF;
    IF words IS NOT NULL THEN
        source := source || ' JOIN ticket_search s ON s.ticket_id = t.id';
        filter := filter || ' AND s.tsv @@ to_tsquery(''simple'', $8)';
    END IF;
    IF status IS NOT NULL THEN
        filter := filter || ' AND t.status = ANY ($2)';
    END IF;
    IF priority IS NOT NULL THEN
        filter := filter || ' AND t.priority = ANY ($3)';
    END IF;
    IF category IS NOT NULL THEN
        filter := filter || ' AND t.category = $4';
    END IF;
    IF department IS NOT NULL THEN
        filter := filter || ' AND t.department = $5';
    END IF;
    IF owner IS NOT NULL THEN
        filter := filter || ' AND t.owner_id = $6';
    ELSIF is_unowned THEN
        filter := filter || ' AND t.owner_id IS NULL';
    END IF;
    IF requester IS NOT NULL THEN
        filter := filter || ' AND t.requester_id = $7';
    END IF;
    ordering := CASE sort
        WHEN 'updated_at' THEN 't.updated_at'
        WHEN 'priority' THEN 't.priority'
        WHEN 'status' THEN 't.status'
        WHEN 'number' THEN 't.number'
        ELSE 't.created_at'
    END || direction || ', t.id' || direction;
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT 1 FROM ' || source || ' WHERE ' || filter INTO plan
    USING viewer, statuses, priorities, category, department, owner, requester, words;
    IF (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8 > 30000 THEN
        total := 10001;
    ELSE
        EXECUTE 'SELECT count(*) FROM (SELECT 1 FROM ' || source || ' WHERE ' || filter
            || ' LIMIT 10001) m' INTO total
        USING viewer, statuses, priorities, category, department, owner, requester, words;
    END IF;
    EXECUTE 'SELECT ARRAY(SELECT t.id FROM ' || source || ' WHERE ' || filter || ' ORDER BY '
        || ordering || ' OFFSET $9 LIMIT $10)' INTO ids
    USING viewer, statuses, priorities, category, department, owner, requester, words, skip, page_size;
    RETURN NEXT;
END
$$;
