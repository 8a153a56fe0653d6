-- A window has a begin as well, for that is what an index of the tickets is asked for.
CREATE OR REPLACE FUNCTION ticket_days(f jsonb, source text, filter text, after_time timestamptz,
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
