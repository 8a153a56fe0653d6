-- What administrators have put in place of the shipped templates, and templates of their own. Versions
-- are never used again, so that a tag of a removed row fits no later one.
CREATE SEQUENCE template_version;
CREATE TABLE template (
    name       text NOT NULL,
    language   text NOT NULL,
    subject    text NOT NULL,
    message    text NOT NULL,
    body_text  text NOT NULL, -- empty: that of the layout
    body_html  text NOT NULL,
    version    bigint NOT NULL DEFAULT nextval('template_version'),
    updated_at timestamptz NOT NULL,
    updated_by bigint,
    PRIMARY KEY (name, language)
);
