-- One row is one running process under its service's name, for as long as its lease lasts.
CREATE TABLE instance (
    name              text NOT NULL,
    instance          text NOT NULL,
    host              text NOT NULL,
    port              bigint NOT NULL CHECK (port BETWEEN 1 AND 65535),
    port_is_text      boolean NOT NULL,
    health_endpoint   text NOT NULL,
    version           text NOT NULL DEFAULT '',
    is_healthy        boolean NOT NULL,
    failures          bigint NOT NULL DEFAULT 0,
    registered_at     timestamptz NOT NULL,
    renewed_at        timestamptz NOT NULL,
    lease_until       timestamptz NOT NULL,
    last_health_check timestamptz,
    next_check_at     timestamptz NOT NULL,
    PRIMARY KEY (name, instance)
);
CREATE INDEX instance_by_check ON instance (next_check_at);
CREATE INDEX instance_by_lease ON instance (lease_until);

-- Grows with every change that a reader of the directory could notice; replicas read it to learn of changes.
CREATE TABLE directory_revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL
);
INSERT INTO directory_revision (revision) VALUES (1);
