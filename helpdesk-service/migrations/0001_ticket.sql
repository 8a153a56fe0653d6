-- The order of the values is the order in which lists sort by status and priority.
CREATE TYPE ticket_status AS ENUM
    ('Open', 'In Progress', 'On Hold', 'Resolved', 'Closed', 'Rejected', 'Withdrawn');
CREATE TYPE ticket_priority AS ENUM ('Low', 'Medium', 'High', 'Urgent');

CREATE TABLE department (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text NOT NULL,
    is_active boolean NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX department_by_name ON department (lower(name));

-- expects_workflow is false for categories whose tickets are worked on by hand.
CREATE TABLE category (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text NOT NULL,
    department_id    bigint REFERENCES department,
    expects_workflow boolean NOT NULL DEFAULT true,
    is_active        boolean NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX category_by_name ON category (lower(name));

CREATE TABLE sub_category (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    category_id bigint NOT NULL REFERENCES category,
    name        text NOT NULL,
    is_active   boolean NOT NULL DEFAULT true
);
CREATE UNIQUE INDEX sub_category_by_name ON sub_category (category_id, lower(name));

-- Ticket numbers are reserved in blocks, so that creating tickets does not queue up on this row.
CREATE TABLE ticket_counter (
    day  text PRIMARY KEY,
    last bigint NOT NULL
);
CREATE SEQUENCE ticket_id_seq AS bigint;

-- Names are copied at the time of writing: a renamed category or person does not rewrite the past.
CREATE TABLE ticket (
    id                   bigint PRIMARY KEY,
    number               text NOT NULL,
    subject              text NOT NULL,
    description          text NOT NULL,
    category             text NOT NULL,
    sub_category         text,
    department           text,
    priority             ticket_priority NOT NULL,
    status               ticket_status NOT NULL DEFAULT 'Open',
    is_assigned          boolean NOT NULL DEFAULT false,
    held_status          ticket_status,
    requester_id         bigint NOT NULL,
    requester_name       text NOT NULL,
    requester_email      text NOT NULL,
    requester_department text,
    owner_id             bigint,
    owner_name           text,
    csat_rating          integer CHECK (csat_rating BETWEEN 1 AND 5),
    csat_feedback        text,
    version              bigint NOT NULL DEFAULT 1,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    first_response_at    timestamptz,
    completed_at         timestamptz,
    closed_at            timestamptz
);
CREATE UNIQUE INDEX ticket_by_number ON ticket (number);
CREATE INDEX ticket_by_created ON ticket (created_at DESC, id DESC);
CREATE INDEX ticket_by_updated ON ticket (updated_at DESC, id DESC);
CREATE INDEX ticket_by_status ON ticket (status, created_at DESC, id DESC);
CREATE INDEX ticket_by_priority ON ticket (priority, created_at DESC, id DESC);
CREATE INDEX ticket_by_category ON ticket (category, created_at DESC, id DESC);
CREATE INDEX ticket_by_department ON ticket (department, created_at DESC, id DESC);
CREATE INDEX ticket_by_owner ON ticket (owner_id, created_at DESC, id DESC);
CREATE INDEX ticket_by_requester ON ticket (requester_id, created_at DESC, id DESC);

-- Whom a ticket concerns: the scope of everybody who may not read all tickets. created_at is the
-- ticket's, so that a person's tickets come in order from the index.
CREATE TABLE ticket_participant (
    user_id      bigint NOT NULL,
    ticket_id    bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    created_at   timestamptz NOT NULL,
    is_requester boolean NOT NULL DEFAULT false,
    is_owner     boolean NOT NULL DEFAULT false,
    is_assignee  boolean NOT NULL DEFAULT false,
    PRIMARY KEY (ticket_id, user_id)
);
CREATE INDEX ticket_participant_by_user
    ON ticket_participant (user_id, created_at DESC, ticket_id DESC);

-- Apart from the ticket, so that updating a ticket leaves the GIN index alone.
CREATE TABLE ticket_search (
    ticket_id bigint PRIMARY KEY REFERENCES ticket ON DELETE CASCADE,
    tsv       tsvector NOT NULL
);
CREATE INDEX ticket_search_by_word ON ticket_search USING gin (tsv);

CREATE TABLE ticket_comment (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id   bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    author_id   bigint,
    author_name text NOT NULL,
    comment     text NOT NULL,
    is_internal boolean NOT NULL,
    created_at  timestamptz NOT NULL
);
CREATE INDEX ticket_comment_by_ticket ON ticket_comment (ticket_id, id);

-- The bytes are a file named by sha256; several attachments may share one.
CREATE TABLE ticket_attachment (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id     bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    filename      text NOT NULL,
    url           text NOT NULL,
    content_type  text NOT NULL,
    size          bigint NOT NULL,
    sha256        text NOT NULL,
    uploader_id   bigint,
    uploader_name text NOT NULL,
    uploaded_at   timestamptz NOT NULL
);
CREATE UNIQUE INDEX ticket_attachment_by_name ON ticket_attachment (ticket_id, filename);
CREATE INDEX ticket_attachment_by_sha256 ON ticket_attachment (sha256);

-- One row per changed field. status holds the helpdesk word, owner the person's id (the name is in
-- note), is_assigned the simple surface's difference between "new" and "assigned".
CREATE TABLE ticket_history (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id       bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    field_name      text NOT NULL,
    old_value       text,
    new_value       text,
    note            text,
    changed_by      bigint,
    changed_by_name text NOT NULL,
    changed_at      timestamptz NOT NULL
);
CREATE INDEX ticket_history_by_ticket ON ticket_history (ticket_id, id);

-- At most one opinion a person and ticket; the requester's is copied into the ticket.
CREATE TABLE feedback (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id  bigint NOT NULL REFERENCES ticket ON DELETE CASCADE,
    user_id    bigint NOT NULL,
    rating     integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
    comment    text,
    created_at timestamptz NOT NULL,
    UNIQUE (ticket_id, user_id)
);
CREATE INDEX feedback_by_user ON feedback (user_id, created_at DESC);
