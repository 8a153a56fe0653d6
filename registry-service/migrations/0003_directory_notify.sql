-- Tells every replica of a change at once, with the revision it made.
CREATE FUNCTION directory_revision_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_TABLE_SCHEMA || '_directory', NEW.revision::text);
    RETURN NULL;
END $$;
CREATE TRIGGER directory_revision_moved AFTER UPDATE ON directory_revision
    FOR EACH ROW EXECUTE FUNCTION directory_revision_notify();
