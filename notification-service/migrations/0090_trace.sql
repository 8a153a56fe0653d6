-- Whose work a notification belongs to (W3C Trace Context), so that its delivery, which comes later and may
-- come from another process, belongs to it too. Only for traces that are recorded.
CREATE TABLE notification_trace (
    notification_id bigint PRIMARY KEY REFERENCES notification ON DELETE CASCADE,
    traceparent text NOT NULL,
    tracestate  text
);
