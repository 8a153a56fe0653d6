-- Finding tickets by words: in number, subject, requester and tags, in the description, and in
-- comments, whose public and internal ones have indexes of their own, so that words of a note are
-- found for those only who may read it. Words are compared without accents and as they are written,
-- in whatever language. What is looked for together must stand in one of these texts.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;

CREATE TEXT SEARCH CONFIGURATION ticket_text (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION ticket_text
    ALTER MAPPING FOR word, hword, hword_part, numword, numhword, hword_numpart
    WITH public.unaccent, simple;

-- The day on which the ticket was opened, as a word that nobody can write: where very many tickets
-- have a word, they are looked through by days, the newest first.
CREATE FUNCTION ticket_day(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT '~' || to_char(at AT TIME ZONE 'UTC', 'YYYYMMDD')
$$;

-- The last digits of the number are words too.
CREATE FUNCTION ticket_vector(number text, subject text, description text, requester text,
                              tags text[], created_at timestamptz) RETURNS tsvector
LANGUAGE sql STABLE AS $$
    SELECT setweight(to_tsvector('ticket_text', number || ' ' || right(number, 6) || ' '
            || ltrim(right(number, 6), '0') || ' ' || subject), 'A')
        || setweight(to_tsvector('ticket_text', requester || ' ' || array_to_string(tags, ' ')), 'B')
        || setweight(to_tsvector('ticket_text', description), 'C')
        || array_to_tsvector(ARRAY[ticket_day(created_at)])
$$;

CREATE FUNCTION comment_vector(comment text, ticket_created_at timestamptz) RETURNS tsvector
LANGUAGE sql STABLE AS $$
    SELECT to_tsvector('ticket_text', comment) || array_to_tsvector(ARRAY[ticket_day(ticket_created_at)])
$$;

-- A short list of what is not yet sorted in keeps writing cheap, and is cheap to look through.
DROP INDEX ticket_search_by_word;
UPDATE ticket_search s SET tsv = ticket_vector(t.number, t.subject, t.description,
    t.requester_name || ' ' || t.requester_email, t.tags, t.created_at)
FROM ticket t WHERE t.id = s.ticket_id;
CREATE INDEX ticket_search_by_word ON ticket_search USING gin (tsv)
    WITH (gin_pending_list_limit = 256);

ALTER TABLE ticket_comment ADD COLUMN tsv tsvector;
UPDATE ticket_comment c SET tsv = comment_vector(c.comment, t.created_at)
FROM ticket t WHERE t.id = c.ticket_id;
CREATE INDEX ticket_comment_by_word ON ticket_comment USING gin (tsv)
    WITH (gin_pending_list_limit = 256) WHERE NOT is_internal;
CREATE INDEX ticket_comment_by_note ON ticket_comment USING gin (tsv)
    WITH (gin_pending_list_limit = 256) WHERE is_internal;

-- The words of all subjects, requesters and tags, for finding what was mistyped. New tickets leave
-- theirs in search_delta, a worker adds them.
CREATE TABLE search_word (
    word text PRIMARY KEY,
    n    bigint NOT NULL
);
CREATE TABLE search_delta (
    words tsvector NOT NULL
);
INSERT INTO search_word SELECT word, ndoc FROM ts_stat('SELECT tsv FROM ticket_search', 'ab')
WHERE length(word) BETWEEN 4 AND 40;
CREATE INDEX search_word_by_trigram ON search_word USING gin (word public.gin_trgm_ops);

-- The ids of tickets in whose texts all words are: those of the query for whoever asks, before any
-- other filter. days narrows it to tickets opened on these (a query of ticket_day words).
CREATE FUNCTION ticket_matches(f jsonb, days text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'SELECT s.ticket_id AS id FROM ticket_search s WHERE s.tsv @@ ' || q
        || ' UNION SELECT c.ticket_id FROM ticket_comment c WHERE NOT c.is_internal AND c.tsv @@ ' || q
        || ' UNION SELECT c.ticket_id FROM ticket_comment c '
        || CASE WHEN (f ->> 'is_staff')::boolean
            THEN 'JOIN ticket n ON n.id = c.ticket_id AND n.requester_id <> '
            ELSE 'JOIN ticket_participant n ON n.ticket_id = c.ticket_id AND NOT n.is_requester '
                'AND (n.is_owner OR n.is_assignee) AND n.user_id = ' END
        || quote_literal(f ->> 'reader') || '::bigint WHERE c.is_internal AND c.tsv @@ ' || q
    FROM (SELECT CASE WHEN days IS NULL THEN words ELSE format('(%s && %L::tsquery)', words, days) END
          FROM (SELECT 'to_tsquery(''ticket_text'', ' || quote_literal(f ->> 'words') || ')') w (words)
         ) x (q)
$$;

-- The same question of one ticket, t, that other filters have found.
CREATE FUNCTION ticket_has(f jsonb, words text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT '(EXISTS (SELECT 1 FROM ticket_search s WHERE s.ticket_id = t.id AND s.tsv @@ ' || q
        || ') OR EXISTS (SELECT 1 FROM ticket_comment c WHERE c.ticket_id = t.id AND c.tsv @@ ' || q
        || ' AND (NOT c.is_internal OR (t.requester_id <> ' || reader || ' AND '
        || CASE WHEN (f ->> 'is_staff')::boolean THEN 'true'
            ELSE '(t.owner_id = ' || reader || ' OR EXISTS (SELECT 1 FROM ticket_participant n '
                'WHERE n.ticket_id = t.id AND n.user_id = ' || reader || ' AND n.is_assignee))' END
        || '))))'
    FROM (SELECT 'to_tsquery(''ticket_text'', ' || quote_literal(words) || ')',
              quote_literal(f ->> 'reader') || '::bigint') x (q, reader)
$$;

-- All terms but the words that must be there.
CREATE OR REPLACE FUNCTION ticket_conditions(f jsonb) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' AND ', 'true',
        (SELECT string_agg(ticket_condition(term, (f ->> 'reader')::bigint), ' AND ')
         FROM jsonb_array_elements(f -> 'terms') term),
        'NOT ' || ticket_has(f, f ->> 'unwanted'))
$$;

CREATE FUNCTION ticket_expected(statement text) RETURNS float8 LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;

-- Tickets with words that very many have, newest first: window after window of days, each twice as
-- long as the one before, until the page is full. A window has a begin as well, for that is what an
-- index of the tickets is asked for.
CREATE FUNCTION ticket_days(f jsonb, source text, filter text, after_time timestamptz,
                            after_id bigint, wanted bigint, expected float8)
RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    first date := (SELECT min(created_at) AT TIME ZONE 'UTC' FROM ticket);
    last date := (SELECT max(created_at) AT TIME ZONE 'UTC' FROM ticket);
    length int;
    days text;
    found bigint[] := '{}';
    part bigint[];
BEGIN
    length := LEAST(200, GREATEST(1, ceil(1.2 * wanted * (last - first + 1) / expected)));
    IF after_time IS NOT NULL THEN
        last := LEAST(last, (after_time AT TIME ZONE 'UTC')::date);
    END IF;
    WHILE last >= first AND cardinality(found) < wanted LOOP
        IF length > 200 THEN
            length := last - first + 1;
            days := NULL;
        ELSE
            SELECT string_agg(quote_literal(ticket_day((last - n)::timestamp AT TIME ZONE 'UTC')), ' | ')
            INTO days FROM generate_series(0, length - 1) n;
        END IF;
        EXECUTE 'SELECT ARRAY(SELECT t.id FROM (' || ticket_matches(f, days) || ') m JOIN '
            || source || ' ON t.id = m.id WHERE ' || filter
            || ' AND t.created_at < ($4::timestamp AT TIME ZONE ''UTC'') '
            'AND t.created_at >= ($5::timestamp AT TIME ZONE ''UTC'')'
            || CASE WHEN after_time IS NULL THEN ''
                ELSE ' AND (t.created_at, t.id) < ($1, $2)' END
            || ' ORDER BY t.created_at DESC, t.id DESC LIMIT $3)'
        INTO part USING after_time, after_id, wanted - cardinality(found), last + 1,
            last - length + 1;
        found := found || part;
        last := last - length;
        length := length * 2;
    END LOOP;
    RETURN found;
END
$$;

-- As in 0030, and with words: few matches are joined with the other filters; few tickets of the
-- other filters are looked at for the words; where both are many, days limit what is looked at (in
-- the order of creation, newest first), and nothing is counted.
CREATE OR REPLACE FUNCTION ticket_page(f jsonb, sort text, is_descending boolean, after_word text,
                                       after_time timestamptz, after_id bigint, skip bigint,
                                       page_size bigint, is_counted boolean)
RETURNS TABLE (total bigint, ids bigint[])
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    source text;
    filter text;
    lead text;
    direction text := CASE WHEN is_descending THEN ' DESC' ELSE ' ASC' END;
    beyond text := CASE WHEN is_descending THEN ' < ' ELSE ' > ' END;
    ordering text;
    behind text := '';
    matches float8;
    others float8;
BEGIN
    SELECT s.source, s.filter, s.lead INTO source, filter, lead FROM ticket_source(f) s;
    IF f ->> 'words' IS NOT NULL THEN
        matches := ticket_expected(ticket_matches(f, NULL));
        others := ticket_expected('SELECT 1 FROM ' || source || ' WHERE ' || filter);
        lead := 't.created_at, t.id';
        IF matches > 8000 AND others > 2000 AND sort = 'created_at' AND is_descending THEN
            ids := ticket_days(f, source, filter, after_time, after_id, skip + page_size, matches);
            total := CASE WHEN is_counted THEN
                CASE WHEN cardinality(ids) < skip + page_size THEN cardinality(ids) ELSE 10001 END END;
            ids := ids[skip + 1 : skip + page_size];
            RETURN NEXT;
            RETURN;
        END IF;
        IF others * 4 < matches THEN
            filter := filter || ' AND ' || ticket_has(f, f ->> 'words');
        ELSE
            source := '(' || ticket_matches(f, NULL) || ') m, ' || source;
            filter := 't.id = m.id AND ' || filter;
        END IF;
    END IF;
    IF is_counted THEN
        IF ticket_expected('SELECT 1 FROM ' || source || ' WHERE ' || filter) > 30000 THEN
            total := 10001;
        ELSE
            EXECUTE 'SELECT count(*) FROM (SELECT 1 FROM ' || source || ' WHERE ' || filter
                || ' LIMIT 10001) m' INTO total;
        END IF;
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
            WHEN 'priority' THEN '($1::ticket_priority, $2, $3)'
            WHEN 'status' THEN '($1::ticket_status, $2, $3)'
            WHEN 'number' THEN '($1)'
            ELSE '($2, $3)'
        END;
    END IF;
    EXECUTE 'SELECT ARRAY(SELECT t.id FROM ' || source || ' WHERE ' || filter || behind
        || ' ORDER BY ' || replace(ordering, ',', direction || ',') || direction
        || ' OFFSET $4 LIMIT $5)' INTO ids
    USING after_word, after_time, after_id, skip, page_size;
    RETURN NEXT;
END
$$;
