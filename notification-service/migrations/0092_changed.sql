CREATE INDEX CONCURRENTLY notification_changed ON notification (change_id) WHERE change_id IS NOT NULL;
