#pragma once
/* Templates that stand in for the shipped ones. All calls may suspend. */
#include "db.h"

struct template
{
    struct str name, language;
    struct str subject, message, text, html; /* text, html: empty for the layout's */
    int64_t version;                         /* 0: the shipped one */
    int64_t updated_at, updated_by;          /* INT64_MIN: not known */
};

/* Those of any of the names in any of the languages. */
MUST_CHECK enum err CO_FN template_store_find(struct db_session *s, const struct str *names,
                                              size_t name_count, const struct str *languages,
                                              size_t language_count, const struct template **out,
                                              size_t *count);
/* All of them, without their texts, in order of name and language. */
MUST_CHECK enum err CO_FN template_store_list(struct db_session *s, const struct template **out,
                                              size_t *count);
/* ERR_NOT_FOUND; nobody else changes it until the transaction ends. */
MUST_CHECK enum err CO_FN template_store_lock(struct db_session *s, struct str name,
                                              struct str language, struct template *out);
/*
 * Puts it in the place of what had t->version, and gives it a new one. ERR_SERIALIZATION when there
 * is another by now. ERR_INSUFFICIENT_STORAGE when there are TEMPLATES_MAX.
 */
#define TEMPLATES_MAX 1000
MUST_CHECK enum err CO_FN template_store_put(struct db_session *s, struct template *t, int64_t now);
MUST_CHECK enum err CO_FN template_store_delete(struct db_session *s, struct str name,
                                                struct str language);
