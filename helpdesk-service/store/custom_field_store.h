#pragma once
/* Definitions of custom fields: what a ticket of a category may or must say beyond the ordinary. */
#include "db.h"

enum custom_kind {
    CUSTOM_TEXT,
    CUSTOM_NUMBER,
    CUSTOM_BOOLEAN,
    CUSTOM_DATE,
    CUSTOM_CHOICE,
    CUSTOM_MULTI_CHOICE,
    CUSTOM_USER,
    CUSTOM_KIND_COUNT
};
const char *custom_kind_word(enum custom_kind k); /* "multi_choice" */
/* CUSTOM_KIND_COUNT when unknown. */
enum custom_kind custom_kind_parse(struct str word);

struct custom_field {
    int64_t id, version;
    struct str key, label; /* key: its member of custom_fields */
    enum custom_kind kind;
    const struct str *choices, *categories; /* no category: it belongs to all */
    size_t choice_count, category_count;
    bool is_required, is_active;
};

/* By key. */
MUST_CHECK enum err CO_FN custom_field_store_all(struct db_session *s, struct custom_field **out,
                                                 size_t *count);
/* ERR_NOT_FOUND */
MUST_CHECK enum err CO_FN custom_field_store_by_id(struct db_session *s, int64_t id,
                                                   struct custom_field *out);
/* The same inside a transaction, locked until its end. */
MUST_CHECK enum err CO_FN custom_field_store_lock(struct db_session *s, int64_t id,
                                                  struct custom_field *out);
/* Sets id and version. ERR_CONFLICT when the key is taken, ERR_NOT_FOUND for an unknown category.
 */
MUST_CHECK enum err CO_FN custom_field_store_add(struct db_session *s, struct custom_field *f);
/* All but id, key and kind, of a locked one; counts the version up. ERR_NOT_FOUND as above. */
MUST_CHECK enum err CO_FN custom_field_store_update(struct db_session *s, struct custom_field *f);
/* Values that tickets have stay theirs. */
MUST_CHECK enum err CO_FN custom_field_store_delete(struct db_session *s, int64_t id);
