CREATE TABLE person (
    id         bigint PRIMARY KEY,
    email      text NOT NULL,
    name       text NOT NULL,
    department text NOT NULL DEFAULT '',
    active     boolean NOT NULL,
    version    bigint NOT NULL
);

CREATE TABLE person_role (
    person_id      bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    system         text NOT NULL,
    role           text NOT NULL,
    system_role_id bigint NOT NULL,
    PRIMARY KEY (person_id, system, role)
);

CREATE INDEX person_role_by_role ON person_role (system, role, person_id);
