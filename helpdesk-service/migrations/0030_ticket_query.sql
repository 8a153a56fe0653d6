-- Lists are filtered by terms, as the query language has them: {"viewer": id or null, "reader": id,
-- "is_staff": bool, "terms": [{"key", "not", "values", "none", "from", "until"}], "words": tsquery,
-- "unwanted": tsquery}. viewer restricts them to the tickets that concern that person; reader is who
-- asks. Conditions are put together from constant parts and quoted literals, so that the planner
-- weighs the very values asked for.
DROP FUNCTION ticket_page;

CREATE INDEX media_file_by_ticket ON media_file (ticket_id) WHERE ticket_id IS NOT NULL;

-- One value is compared with =, for that keeps the order of an index.
CREATE FUNCTION ticket_one_of(expression text, type text, items text[]) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE cardinality(items)
        WHEN 0 THEN 'false'
        WHEN 1 THEN format('%s = %L::%s', expression, items[1], type)
        ELSE format('%s = ANY (%L::%s[])', expression, items, type)
    END
$$;

CREATE FUNCTION ticket_moment(us text) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT 'epoch'::timestamptz + us::bigint * interval '1 microsecond'
$$;

CREATE FUNCTION ticket_between(expression text, term jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' AND ', 'true',
        expression || ' >= ' || quote_literal(ticket_moment(term ->> 'from')) || '::timestamptz',
        expression || ' < ' || quote_literal(ticket_moment(term ->> 'until')) || '::timestamptz')
$$;

-- What a term says of ticket t.
CREATE FUNCTION ticket_condition(term jsonb, reader bigint) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    items text[] := ARRAY(SELECT jsonb_array_elements_text(term -> 'values'));
    condition text;
    absent text;
BEGIN
    CASE term ->> 'key'
    WHEN 'status' THEN condition := ticket_one_of('t.status', 'ticket_status', items);
    WHEN 'priority' THEN condition := ticket_one_of('t.priority', 'ticket_priority', items);
    WHEN 'approval' THEN condition := ticket_one_of('t.approval', 'ticket_approval', items);
    WHEN 'category' THEN condition := ticket_one_of('t.category', 'text', items);
    WHEN 'requester' THEN condition := ticket_one_of('t.requester_id', 'bigint', items);
    WHEN 'department' THEN
        condition := ticket_one_of('t.department', 'text', items);
        absent := 't.department IS NULL';
    WHEN 'owner' THEN
        condition := ticket_one_of('t.owner_id', 'bigint', items);
        absent := 't.owner_id IS NULL';
    WHEN 'tag' THEN
        condition := 'EXISTS (SELECT 1 FROM ticket_tag x WHERE x.ticket_id = t.id AND '
            || ticket_one_of('x.tag', 'text', items) || ')';
        absent := 't.tags = ''{}''';
    WHEN 'number' THEN
        -- digits only, so that the order of letters in a locale does not matter
        SELECT string_agg(CASE WHEN item LIKE '%*'
                THEN format('t.number >= %L AND t.number <= %L', left(item, -1),
                    rpad(left(item, -1), 24, '9'))
                ELSE format('t.number = %L', item) END, ' OR ')
        INTO condition FROM unnest(items) item;
    WHEN 'is' THEN
        SELECT string_agg(CASE item
            WHEN 'open' THEN 't.status IN (''Open'', ''In Progress'', ''On Hold'')'
            WHEN 'finished' THEN
                't.status IN (''Resolved'', ''Closed'', ''Rejected'', ''Withdrawn'')'
            WHEN 'assigned' THEN 't.owner_id IS NOT NULL'
            WHEN 'unowned' THEN 't.owner_id IS NULL'
            WHEN 'pending' THEN 't.approval = ''pending'' AND t.status = ''Open'''
            WHEN 'unanswered' THEN 't.first_response_at IS NULL'
            WHEN 'watched' THEN format('EXISTS (SELECT 1 FROM ticket_participant w '
                'WHERE w.ticket_id = t.id AND w.user_id = %s AND w.is_watcher)', reader)
            END, ' OR ')
        INTO condition FROM unnest(items) item;
    WHEN 'has' THEN
        SELECT string_agg(CASE item
            WHEN 'attachment' THEN
                'EXISTS (SELECT 1 FROM media_file a WHERE a.ticket_id = t.id)'
            WHEN 'comment' THEN 'EXISTS (SELECT 1 FROM ticket_comment c WHERE c.ticket_id = t.id '
                'AND NOT c.is_internal)'
            WHEN 'tag' THEN 't.tags <> ''{}'''
            END, ' OR ')
        INTO condition FROM unnest(items) item;
    WHEN 'created' THEN condition := ticket_between('t.created_at', term);
    WHEN 'updated' THEN condition := ticket_between('t.updated_at', term);
    END CASE;
    IF (term ->> 'none')::boolean THEN
        condition := concat_ws(' OR ', absent, CASE WHEN cardinality(items) > 0 THEN condition END);
    END IF;
    condition := '(' || condition || ')';
    RETURN condition || CASE WHEN (term ->> 'not')::boolean THEN ' IS NOT TRUE' ELSE '' END;
END
$$;

-- Whether ticket t has words in what whoever asks may read of it. A subquery of its own, so that it is asked of
-- tickets that everything else has found.
CREATE FUNCTION ticket_has(f jsonb, words text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'COALESCE((SELECT true FROM ticket_search s WHERE s.ticket_id = t.id '
        'AND s.tsv @@ to_tsquery(''ticket_text'', ' || quote_literal(words) || ') '
        'AND (NOT s.is_internal OR (t.requester_id <> ' || reader || ' AND '
        || CASE WHEN (f ->> 'is_staff')::boolean THEN 'true'
            ELSE '(t.owner_id = ' || reader || ' OR EXISTS (SELECT 1 FROM ticket_participant n '
                'WHERE n.ticket_id = t.id AND n.user_id = ' || reader || ' AND n.is_assignee))' END
        || ')) LIMIT 1), false)'
    FROM (SELECT quote_literal(f ->> 'reader') || '::bigint') x (reader)
$$;

-- All terms but the words that must be there.
CREATE FUNCTION ticket_conditions(f jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' AND ', 'true',
        (SELECT string_agg(ticket_condition(term, (f ->> 'reader')::bigint), ' AND ')
         FROM jsonb_array_elements(f -> 'terms') term),
        'NOT ' || ticket_has(f, f ->> 'unwanted'))
$$;

-- The tables that lead to the tickets in the order of their creation, all that is asked of them, and
-- the columns of that order.
CREATE FUNCTION ticket_source(f jsonb, OUT source text, OUT filter text, OUT lead text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    place bigint;
    tag text;
BEGIN
    IF f ->> 'viewer' IS NOT NULL THEN
        source := 'ticket_participant p JOIN ticket t ON t.id = p.ticket_id';
        filter := format('p.user_id = %L::bigint AND ', f ->> 'viewer') || ticket_conditions(f);
        lead := 'p.created_at, p.ticket_id';
        RETURN;
    END IF;
    SELECT n, term #>> '{values,0}' INTO place, tag
    FROM jsonb_array_elements(f -> 'terms') WITH ORDINALITY x (term, n)
    WHERE term ->> 'key' = 'tag' AND NOT (term ->> 'not')::boolean
        AND NOT (term ->> 'none')::boolean AND jsonb_array_length(term -> 'values') = 1 LIMIT 1;
    IF tag IS NOT NULL THEN
        source := 'ticket_tag g JOIN ticket t ON t.id = g.ticket_id';
        filter := format('g.tag = %L AND ', tag)
            || ticket_conditions(f #- ARRAY['terms', (place - 1)::text]);
        lead := 'g.created_at, g.ticket_id';
        RETURN;
    END IF;
    source := 'ticket t';
    filter := ticket_conditions(f);
    lead := 't.created_at, t.id';
END
$$;
