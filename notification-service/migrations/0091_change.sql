-- Other words for a notification that is there: the change has a place among the ids of notifications, so
-- that who was away finds both kinds of news by one number. message_version: of which version of its
-- message it tells, so that an edit that comes late does not undo a newer one.
ALTER TABLE notification ADD COLUMN change_id bigint, ADD COLUMN message_version bigint;
