-- Finding tickets: by the words of number, subject, requester and tags, of the description and of the public comments,
-- and for those who may read them by the words of internal notes. Words are compared without accents and as they are
-- written, in whatever language. What is looked for together stands in one ticket: either in what is public or in its notes.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;

CREATE TEXT SEARCH CONFIGURATION ticket_text (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION ticket_text
    ALTER MAPPING FOR word, hword, hword_part, numword, numhword, hword_numpart
    WITH public.unaccent, simple;

-- ---- what is looked through --------------------------------------------------------------------

-- The day on which the ticket was opened, as a word that nobody can write: where many tickets have a
-- word, they are looked through by days, the newest first.
CREATE FUNCTION ticket_day(at timestamptz) RETURNS tsvector LANGUAGE sql STABLE AS $$
    SELECT array_to_tsvector(ARRAY['~' || to_char(at AT TIME ZONE 'UTC', 'YYYYMMDD')])
$$;

-- The last digits of the number are words too.
CREATE FUNCTION ticket_vector(number text, subject text, description text, requester text,
                              tags text[], created_at timestamptz) RETURNS tsvector
LANGUAGE sql STABLE AS $$
    SELECT setweight(to_tsvector('ticket_text', number || ' ' || right(number, 6) || ' '
            || ltrim(right(number, 6), '0') || ' ' || subject), 'A')
        || setweight(to_tsvector('ticket_text', requester || ' ' || array_to_string(tags, ' ')), 'B')
        || setweight(to_tsvector('ticket_text', description), 'C')
        || ticket_day(created_at)
$$;

-- Apart from the ticket, so that a change of it leaves the index alone. The first public part begins
-- with the ticket's own words; comments are added until a part is long and the next one begins, so
-- that adding one costs the same however long a conversation becomes. Rows are kept whole, as
-- compression would cost more time than it saves space.
DROP TABLE ticket_search;
CREATE TABLE ticket_search (
    ticket_id   bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    is_internal boolean NOT NULL, -- words of notes
    part        int NOT NULL,
    tsv         tsvector NOT NULL,
    PRIMARY KEY (ticket_id, is_internal, part)
) WITH (toast_tuple_target = 8160);
ALTER TABLE ticket_comment ADD COLUMN search_part int NOT NULL DEFAULT 0;

INSERT INTO ticket_search (ticket_id, is_internal, part, tsv)
SELECT t.id, x.is_internal, 0, CASE WHEN x.is_internal THEN ticket_day(t.created_at)
        ELSE ticket_vector(t.number, t.subject, t.description,
            t.requester_name || ' ' || t.requester_email, t.tags, t.created_at) END
    || COALESCE(to_tsvector('ticket_text', c.words), '')
FROM ticket t CROSS JOIN (VALUES (false), (true)) x (is_internal)
LEFT JOIN (SELECT ticket_id, is_internal, string_agg(comment, E'\n' ORDER BY id) AS words
    FROM ticket_comment GROUP BY 1, 2) c ON c.ticket_id = t.id AND c.is_internal = x.is_internal
WHERE NOT x.is_internal OR c.words IS NOT NULL;

-- A short list of what is not yet sorted in keeps writing cheap, and is cheap to look through.
CREATE INDEX ticket_search_by_word ON ticket_search USING gin (tsv)
    WITH (gin_pending_list_limit = 256) WHERE NOT is_internal;
CREATE INDEX ticket_search_by_note ON ticket_search USING gin (tsv)
    WITH (gin_pending_list_limit = 256) WHERE is_internal;

-- Adds a new comment to the last part of the texts of its ticket, which is locked, or to a new part.
-- The part it is in.
CREATE FUNCTION ticket_search_add(ticket bigint, internal boolean, opened_at timestamptz,
                                  comment text) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    words tsvector := to_tsvector('ticket_text', comment);
    last int;
    is_long boolean;
BEGIN
    SELECT s.part, length(s.tsv) > 250 INTO last, is_long FROM ticket_search s
    WHERE s.ticket_id = ticket AND s.is_internal = internal ORDER BY s.part DESC LIMIT 1;
    IF last IS NULL OR is_long THEN
        last := COALESCE(last + 1, 0);
        INSERT INTO ticket_search (ticket_id, is_internal, part, tsv)
        VALUES (ticket, internal, last, ticket_day(opened_at) || words);
    ELSE
        UPDATE ticket_search s SET tsv = s.tsv || words
        WHERE s.ticket_id = ticket AND s.is_internal = internal AND s.part = last;
    END IF;
    RETURN last;
END
$$;

-- The words of the comments in a part.
CREATE FUNCTION ticket_search_comments(ticket bigint, internal boolean, which int)
RETURNS tsvector LANGUAGE sql STABLE AS $$
    SELECT COALESCE(to_tsvector('ticket_text', string_agg(c.comment, E'\n' ORDER BY c.id)), '')
    FROM ticket_comment c
    WHERE c.ticket_id = ticket AND c.is_internal = internal AND c.search_part = which
$$;

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

-- ---- pages of tickets --------------------------------------------------------------------------

CREATE FUNCTION ticket_expected(statement text) RETURNS float8 LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;

-- The ids of tickets that have the words of f, as far as who asks may read them, from the index and
-- before any other filter. day_words narrows it to tickets opened on these days.
CREATE FUNCTION ticket_matches(f jsonb, day_words text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT 'SELECT s.ticket_id AS id FROM ticket_search s WHERE NOT s.is_internal AND s.tsv @@ ' || q
        || ' UNION SELECT s.ticket_id FROM ticket_search s '
        || CASE WHEN (f ->> 'is_staff')::boolean
            THEN 'JOIN ticket n ON n.id = s.ticket_id AND n.requester_id <> '
            ELSE 'JOIN ticket_participant n ON n.ticket_id = s.ticket_id AND NOT n.is_requester '
                'AND (n.is_owner OR n.is_assignee) AND n.user_id = ' END
        || quote_literal(f ->> 'reader') || '::bigint WHERE s.is_internal AND s.tsv @@ ' || q
    FROM (SELECT 'to_tsquery(''ticket_text'', ' || quote_literal(f ->> 'words') || ')') w (words),
        LATERAL (SELECT CASE WHEN day_words IS NULL THEN words
            ELSE format('(%s && %L::tsquery)', words, day_words) END) x (q)
$$;

-- The order of a list as parts of a statement: its columns as o1, o2, …; the order by those, and by
-- the columns themselves; whether a ticket is behind the position $1 to $3.
CREATE FUNCTION ticket_order(sort text, is_descending boolean, lead text, OUT named text,
                             OUT by_names text, OUT by_columns text, OUT behind text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(item || ' AS o' || n, ', ' ORDER BY n),
        string_agg('o' || n || direction, ', ' ORDER BY n),
        string_agg(item || direction, ', ' ORDER BY n),
        '(' || string_agg(item, ', ' ORDER BY n) || ')'
        || CASE WHEN is_descending THEN ' < ' ELSE ' > ' END || CASE sort
            WHEN 'priority' THEN '($1::ticket_priority, $2, $3)'
            WHEN 'status' THEN '($1::ticket_status, $2, $3)'
            WHEN 'number' THEN '($1)'
            ELSE '($2, $3)' END
    FROM (SELECT CASE WHEN is_descending THEN ' DESC' ELSE ' ASC' END) d (direction),
        unnest(string_to_array(CASE sort
            WHEN 'updated_at' THEN 't.updated_at, t.id'
            WHEN 'priority' THEN 't.priority, t.created_at, t.id'
            WHEN 'status' THEN 't.status, t.created_at, t.id'
            WHEN 'number' THEN 't.number'
            ELSE lead END, ', ')) WITH ORDINALITY c (item, n)
    GROUP BY direction
$$;

-- Tickets with words that very many have, newest first: window after window of days until there are
-- enough. The first is short, for more may match than expected; the next ones are as long as what
-- was found suggests. A window has a begin as well, for that is what an index of the tickets is asked
-- for. expected: how many there are in all.
CREATE FUNCTION ticket_days(f jsonb, source text, filter text, after_time timestamptz,
                            after_id bigint, wanted bigint, expected float8)
RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    first date := (SELECT min(created_at) AT TIME ZONE 'UTC' FROM ticket);
    last date := (SELECT max(created_at) AT TIME ZONE 'UTC' FROM ticket);
    length int;
    day_words text;
    found bigint[] := '{}';
    part bigint[];
BEGIN
    length := LEAST(200, GREATEST(1, ceil(0.2 * wanted * (last - first + 1) / expected)));
    IF after_time IS NOT NULL THEN
        last := LEAST(last, (after_time AT TIME ZONE 'UTC')::date);
    END IF;
    WHILE last >= first AND cardinality(found) < wanted LOOP
        IF length > 200 THEN
            length := last - first + 1;
            day_words := NULL;
        ELSE
            SELECT string_agg('''~' || to_char(last - n, 'YYYYMMDD') || '''', ' | ')
            INTO day_words FROM generate_series(0, length - 1) n;
        END IF;
        EXECUTE 'SELECT ARRAY(SELECT t.id FROM (' || ticket_matches(f, day_words) || ') m, '
            || source || ' WHERE t.id = m.id AND ' || filter
            || ' AND t.created_at < ($4::timestamp AT TIME ZONE ''UTC'') '
            'AND t.created_at >= ($5::timestamp AT TIME ZONE ''UTC'')'
            || CASE WHEN after_time IS NULL THEN ''
                ELSE ' AND (t.created_at, t.id) < ($1, $2)' END
            || ' ORDER BY t.created_at DESC, t.id DESC LIMIT $3)'
        INTO part USING after_time, after_id, wanted - cardinality(found), last + 1,
            last - length + 1;
        found := found || part;
        last := last - length;
        length := LEAST(8.0 * length, GREATEST(1, ceil(1.2 * (wanted - cardinality(found)) * length
            / GREATEST(cardinality(part), 0.01))));
    END LOOP;
    RETURN found;
END
$$;

-- A page of tickets with words, in whichever way is expected to touch the fewest rows: along the
-- order of the list, asking each ticket for the words; or all matches, sorted; or, newest first, the
-- matches of as many days as it takes. How many match is guessed from the first 200 tickets of the
-- list, for the planner knows the frequent words only. The guess is far out where a word belongs to
-- some time, so the first two ways give up when they touch many more rows than expected.
CREATE FUNCTION ticket_page_with_words(f jsonb, sort text, is_descending boolean, after_word text,
                                       after_time timestamptz, after_id bigint, skip bigint,
                                       page_size bigint, is_counted boolean,
                                       OUT total bigint, OUT ids bigint[])
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    tickets float8 := GREATEST(1, (SELECT reltuples FROM pg_class WHERE oid = 'ticket'::regclass));
    wanted bigint := skip + page_size;
    has_words text := ticket_has(f, f ->> 'words');
    matches float8;
    others float8;
    by_walking float8;
    by_days float8 := 'Infinity';
    o record;
    listed text;
    seen bigint;
    at_most bigint := 200;
    is_all boolean;
BEGIN
    SELECT s.source, s.filter, x.* INTO o
    FROM ticket_source(f) s, ticket_order(sort, is_descending, s.lead) x;
    listed := 'SELECT t.id, t.requester_id, t.owner_id, ' || o.named || ' FROM ' || o.source
        || ' WHERE ' || o.filter || CASE WHEN after_id IS NULL THEN '' ELSE ' AND ' || o.behind END
        || ' ORDER BY ' || o.by_columns || ' LIMIT $4';

    EXECUTE 'SELECT count(*), array_agg(t.id ORDER BY ' || o.by_names || ') FILTER (WHERE '
        || has_words || ') FROM (' || listed || ') t'
    INTO seen, ids USING after_word, after_time, after_id, at_most;
    ids := COALESCE(ids, '{}');
    IF seen < at_most THEN
        total := CASE WHEN is_counted THEN cardinality(ids) END;
        ids := ids[skip + 1 : wanted];
        RETURN;
    END IF;
    others := GREATEST(1, ticket_expected('SELECT 1 FROM ' || o.source || ' WHERE ' || o.filter));
    matches := GREATEST((cardinality(ids) + 0.5) / at_most * tickets,
        ticket_expected('SELECT 1 FROM ticket_search s WHERE NOT s.is_internal AND s.tsv @@ '
            'to_tsquery(''ticket_text'', ' || quote_literal(f ->> 'words') || ')'));
    by_walking := LEAST(others, wanted * GREATEST(1, tickets / matches));
    IF sort = 'created_at' AND is_descending THEN
        by_days := matches * 0.1 + wanted * 1.5 * GREATEST(1, tickets / others);
    END IF;

    is_all := false;
    IF cardinality(ids) >= wanted THEN
        ids := ids[skip + 1 : wanted];
    ELSIF by_walking <= LEAST(matches, by_days) THEN
        at_most := by_walking * 4 + 2000;
        EXECUTE 'SELECT ARRAY(SELECT t.id FROM (' || listed || ') t WHERE ' || has_words
            || ' ORDER BY ' || o.by_names || ' OFFSET $5 LIMIT $6)'
        INTO ids USING after_word, after_time, after_id, at_most, skip, page_size;
        IF cardinality(ids) < page_size THEN
            EXECUTE 'SELECT count(*) < $4 FROM (' || listed || ') t' INTO is_all
            USING after_word, after_time, after_id, at_most;
        END IF;
    ELSE
        ids := '{}';
    END IF;
    IF cardinality(ids) = page_size OR is_all THEN
        IF is_counted AND (is_all OR others <= 4000) THEN
            EXECUTE 'SELECT count(*) FROM (SELECT 1 FROM ' || o.source || ' WHERE ' || o.filter
                || ' AND ' || has_words || ' LIMIT 10001) t' INTO total;
        ELSIF is_counted THEN
            total := 10001;
        END IF;
        RETURN;
    END IF;

    IF matches <= by_days THEN
        at_most := CASE WHEN by_days < 'Infinity' THEN matches * 4 + 2000 END;
        EXECUTE 'WITH m AS MATERIALIZED (SELECT id FROM (' || ticket_matches(f, NULL)
            || ') m LIMIT $4), t AS MATERIALIZED (SELECT t.id, ' || o.named || ', '
            || CASE WHEN after_id IS NULL THEN 'true' ELSE o.behind END || ' AS is_shown FROM m, '
            || o.source || ' WHERE t.id = m.id AND ' || o.filter || ') '
            'SELECT COALESCE((SELECT count(*) FROM m) < $4, true), (SELECT count(*) FROM t), '
            'ARRAY(SELECT t.id FROM t WHERE is_shown ORDER BY ' || o.by_names
            || ' OFFSET $5 LIMIT $6)'
        INTO is_all, total, ids USING after_word, after_time, after_id, at_most, skip, page_size;
        IF is_all THEN
            total := CASE WHEN is_counted THEN LEAST(total, 10001) END;
            RETURN;
        END IF;
    END IF;

    ids := ticket_days(f, o.source, o.filter, after_time, after_id, wanted,
        GREATEST(1, matches * others / tickets));
    total := CASE WHEN is_counted THEN
        CASE WHEN cardinality(ids) < wanted THEN cardinality(ids) ELSE 10001 END END;
    ids := ids[skip + 1 : wanted];
END
$$;

-- One page: the ids in order, and how many tickets match, 10,001 when there are more than 10,000.
-- Where the planner expects far more than that, they are not counted at all, and neither are they
-- without is_counted: total is NULL. The page continues behind a position (after_*) when there is one.
-- Every order ends in a unique column and has an index of its own. What is asked for often is in
-- memory, so that rows are not planned to be dearer one by one than in sequence.
CREATE FUNCTION ticket_page(f jsonb, sort text, is_descending boolean, after_word text,
                            after_time timestamptz, after_id bigint, skip bigint, page_size bigint,
                            is_counted boolean, OUT total bigint, OUT ids bigint[])
LANGUAGE plpgsql VOLATILE SET random_page_cost = 1.1 AS $$
DECLARE
    o record;
BEGIN
    IF f ->> 'words' IS NOT NULL THEN
        SELECT w.total, w.ids INTO total, ids
        FROM ticket_page_with_words(f, sort, is_descending, after_word, after_time, after_id, skip,
            page_size, is_counted) w;
        RETURN;
    END IF;
    SELECT s.source, s.filter, x.* INTO o
    FROM ticket_source(f) s, ticket_order(sort, is_descending, s.lead) x;
    IF is_counted THEN
        IF ticket_expected('SELECT 1 FROM ' || o.source || ' WHERE ' || o.filter) > 15000 THEN
            total := 10001;
        ELSE
            EXECUTE 'SELECT count(*) FROM (SELECT 1 FROM ' || o.source || ' WHERE ' || o.filter
                || ' LIMIT 10001) m' INTO total;
        END IF;
    END IF;
    EXECUTE 'SELECT ARRAY(SELECT t.id FROM ' || o.source || ' WHERE ' || o.filter
        || CASE WHEN after_id IS NULL THEN '' ELSE ' AND ' || o.behind END
        || ' ORDER BY ' || o.by_columns || ' OFFSET $4 LIMIT $5)' INTO ids
    USING after_word, after_time, after_id, skip, page_size;
END
$$;
