-- One page of a filtered list: the ids in order, and how many tickets match, 10,001 when there are
-- more than 10,000. Where the planner expects far more than that, they are not counted at all, and
-- neither are they when the page continues behind a position (after_*): its total is NULL.
-- The statement is put together from constant parts and planned for the filters that are there;
-- values are passed as parameters, of the columns' own types, so that the planner can weigh them.
-- A filter that is NULL does not filter. viewer restricts the list to the tickets that concern that
-- person. Every order ends in a unique column and has an index of its own.
CREATE FUNCTION ticket_page(viewer bigint, status text[], priority text[], category text,
                            department text, owner bigint, is_unowned boolean, requester bigint,
                            tag text, approval text, words text, sort text, is_descending boolean,
                            after_word text, after_time timestamptz, after_id bigint, skip bigint,
                            page_size bigint)
RETURNS TABLE (total bigint, ids bigint[])
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    source text := 'ticket t';
    filter text := 'true';
    direction text := CASE WHEN is_descending THEN ' DESC' ELSE ' ASC' END;
    beyond text := CASE WHEN is_descending THEN ' < ' ELSE ' > ' END;
    -- the table whose index brings tickets in the order of their creation
    lead text := 't.created_at, t.id';
    ordering text;
    behind text := '';
    statuses ticket_status[] := status::ticket_status[];
    priorities ticket_priority[] := priority::ticket_priority[];
    plan json;
BEGIN
    IF viewer IS NOT NULL THEN
        source := 'ticket_participant p JOIN ticket t ON t.id = p.ticket_id';
        filter := 'p.user_id = $1';
        lead := 'p.created_at, p.ticket_id';
    END IF;
    IF tag IS NOT NULL THEN
        source := source || ' JOIN ticket_tag g ON g.ticket_id = t.id';
        filter := filter || ' AND g.tag = $9';
        IF viewer IS NULL THEN
            lead := 'g.created_at, g.ticket_id';
        END IF;
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
    IF approval IS NOT NULL THEN
        filter := filter || ' AND t.approval = ' || quote_literal(approval);
    END IF;
    ordering := CASE sort
        WHEN 'updated_at' THEN 't.updated_at, t.id'
        WHEN 'priority' THEN 't.priority, t.created_at, t.id'
        WHEN 'status' THEN 't.status, t.created_at, t.id'
        WHEN 'number' THEN 't.number'
        ELSE lead
    END;
    IF after_id IS NOT NULL THEN
        behind := ' AND (' || ordering || ')' || beyond || CASE sort
            WHEN 'priority' THEN '($10::ticket_priority, $11, $12)'
            WHEN 'status' THEN '($10::ticket_status, $11, $12)'
            WHEN 'number' THEN '($10)'
            ELSE '($11, $12)'
        END;
    ELSE
        EXECUTE 'EXPLAIN (FORMAT JSON) SELECT 1 FROM ' || source || ' WHERE ' || filter INTO plan
        USING viewer, statuses, priorities, category, department, owner, requester, words, tag;
        IF (plan -> 0 -> 'Plan' ->> 'Plan Rows')::float8 > 30000 THEN
            total := 10001;
        ELSE
            EXECUTE 'SELECT count(*) FROM (SELECT 1 FROM ' || source || ' WHERE ' || filter
                || ' LIMIT 10001) m' INTO total
            USING viewer, statuses, priorities, category, department, owner, requester, words, tag;
        END IF;
    END IF;
    EXECUTE 'SELECT ARRAY(SELECT t.id FROM ' || source || ' WHERE ' || filter || behind
        || ' ORDER BY ' || replace(ordering, ',', direction || ',') || direction
        || ' OFFSET $13 LIMIT $14)' INTO ids
    USING viewer, statuses, priorities, category, department, owner, requester, words, tag,
        after_word, after_time, after_id, skip, page_size;
    RETURN NEXT;
END
$$;
