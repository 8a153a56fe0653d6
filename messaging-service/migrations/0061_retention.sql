-- What became of a message goes with it, without looking for it.
CREATE INDEX CONCURRENTLY conversation_change_of_message ON conversation_change (message_id) WHERE message_id IS NOT NULL;
