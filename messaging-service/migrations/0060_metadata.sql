-- What a client wants to remember of a direct conversation: a JSON object, as text.
ALTER TABLE conversation ADD COLUMN metadata text;
