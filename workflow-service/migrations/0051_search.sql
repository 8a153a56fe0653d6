-- What tickets are searched in: any part of number, subject or description, in any case. Apart from the
-- ticket, so that a change of it leaves the index alone.
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

-- is_sorted: in the index of trigrams. A ticket has hundreds of them, which cost a multiple of the ticket
-- itself one by one, but little for very many tickets at once: a worker sorts them in, and until then the
-- few that are new are looked through as they are.
CREATE TABLE ticket_text (
    ticket_id bigint PRIMARY KEY,
    words     text NOT NULL,
    is_sorted boolean NOT NULL
) WITH (toast_tuple_target = 8160);

-- Parts are kept apart by a character that nobody types.
CREATE FUNCTION ticket_words(number text, subject text, description text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT lower(number || U&'\001F' || subject || U&'\001F' || description)
$$;

INSERT INTO ticket_text (ticket_id, words, is_sorted)
SELECT id, ticket_words(number, subject, description), true FROM ticket ORDER BY id;

-- The worker empties the list of what is not sorted in yet.
CREATE INDEX ticket_text_by_trigram ON ticket_text USING gin (words public.gin_trgm_ops)
    WITH (gin_pending_list_limit = 16384) WHERE is_sorted;
CREATE INDEX ticket_text_to_sort ON ticket_text (ticket_id) WHERE NOT is_sorted;

CREATE FUNCTION ticket_text_add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_text (ticket_id, words, is_sorted)
    VALUES (NEW.id, ticket_words(NEW.number, NEW.subject, NEW.description), false);
    RETURN NULL;
END $$;
CREATE TRIGGER ticket_text_new AFTER INSERT ON ticket FOR EACH ROW EXECUTE FUNCTION ticket_text_add();

CREATE FUNCTION ticket_text_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ticket_text SET words = ticket_words(NEW.number, NEW.subject, NEW.description), is_sorted = false
    WHERE ticket_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER ticket_text_changed AFTER UPDATE OF subject, description ON ticket FOR EACH ROW
    WHEN (OLD.subject <> NEW.subject OR OLD.description <> NEW.description)
    EXECUTE FUNCTION ticket_text_change();

-- Lists of tasks, of an owner's and of all, newest first: put together of a range for each status.
DROP INDEX task_by_owner;
CREATE INDEX task_by_owner ON task (owner_id, status, submitted_at DESC, id DESC);
CREATE INDEX task_by_status ON task (status, submitted_at DESC, id DESC);
