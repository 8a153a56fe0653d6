-- Saved views: a query with an order and columns, for oneself, for a role or for everybody.
CREATE TABLE ticket_view (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner_id    bigint NOT NULL,
    name        text NOT NULL,
    query       text NOT NULL,
    sort        text NOT NULL,
    columns     text[] NOT NULL,
    shared_with text NOT NULL CHECK (shared_with IN ('private', 'role', 'everybody')),
    role        text, -- system:role
    position    bigint NOT NULL,
    version     bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CHECK ((shared_with = 'role') = (role IS NOT NULL))
);
CREATE INDEX ticket_view_by_owner ON ticket_view (owner_id, position, id);
CREATE INDEX ticket_view_by_share ON ticket_view (shared_with, role) WHERE shared_with <> 'private';

-- How many tickets match, from the figures that are kept: for terms about status, priority and
-- category of all tickets only.
CREATE FUNCTION ticket_tally_count(f jsonb) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    total bigint;
BEGIN
    EXECUTE 'SELECT COALESCE(sum(n), 0)::bigint FROM (SELECT status, priority, category, n '
        'FROM ticket_tally UNION ALL SELECT status, priority, category, n FROM ticket_delta) t WHERE '
        || ticket_conditions(f) INTO total;
    RETURN total;
END
$$;
