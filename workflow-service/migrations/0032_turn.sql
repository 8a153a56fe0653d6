-- Lists of turns, of a role's and of everybody's, newest first; each is put together of ranges of these.

CREATE INDEX task_item_by_turn ON task_item (step_id, is_escalated, status, id);
CREATE INDEX task_item_by_status ON task_item (status, id);

-- What lists are searched by.
CREATE INDEX ticket_by_words ON ticket USING gin (to_tsvector('simple', subject));
CREATE INDEX ticket_by_number_prefix ON ticket (upper(number) text_pattern_ops);
