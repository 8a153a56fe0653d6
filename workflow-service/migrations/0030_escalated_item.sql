-- An escalated item is the turn of its step's escalation role, pooled or not.

ALTER TABLE task_item ADD COLUMN is_escalated boolean NOT NULL DEFAULT false;

UPDATE task_item SET is_escalated = true WHERE origin = 'Escalation' AND status <> 'escalated';
