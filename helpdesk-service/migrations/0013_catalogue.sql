-- The catalogue is edited: versions for ETag, approval, and the definitions of custom fields.
ALTER TABLE department ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE category
    ADD COLUMN version        bigint NOT NULL DEFAULT 1,
    ADD COLUMN needs_approval boolean NOT NULL DEFAULT false;
-- Whether anything uses a sub-category.
CREATE INDEX ticket_by_sub_category ON ticket (category, sub_category) WHERE sub_category IS NOT NULL;

CREATE TYPE custom_field_kind AS ENUM
    ('text', 'number', 'boolean', 'date', 'choice', 'multi_choice', 'user');
CREATE TABLE custom_field (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key         text NOT NULL UNIQUE,
    label       text NOT NULL,
    kind        custom_field_kind NOT NULL,
    choices     text[] NOT NULL DEFAULT '{}',
    is_required boolean NOT NULL DEFAULT false,
    is_active   boolean NOT NULL DEFAULT true,
    version     bigint NOT NULL DEFAULT 1
);
-- The categories a field belongs to; a field without one belongs to all.
CREATE TABLE custom_field_category (
    field_id    bigint NOT NULL REFERENCES custom_field ON DELETE CASCADE,
    category_id bigint NOT NULL REFERENCES category ON DELETE CASCADE,
    PRIMARY KEY (field_id, category_id)
);
