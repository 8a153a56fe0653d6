-- The texts of tickets that come together are added together.
DROP TRIGGER ticket_text_new ON ticket;
CREATE OR REPLACE FUNCTION ticket_text_add() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_text (ticket_id, words, is_sorted)
    SELECT id, ticket_words(number, subject, description), false FROM added;
    RETURN NULL;
END $$;
CREATE TRIGGER ticket_text_new AFTER INSERT ON ticket REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ticket_text_add();
