#pragma once
/*
 * The templates that hold for a person: what administrators have set, else what is shipped, in the
 * first of the person's language, its parent, the default language and English that has any.
 */
#include "db.h"

struct wording {
    struct str language;
    struct str subject, message, text, html; /* text, html: never empty */
    int64_t version;                         /* 0: the shipped one */
};

/* language may be absent. ERR_NOT_FOUND when there is no template of that name. */
MUST_CHECK enum err CO_FN wording_find(struct db_session *s, struct str name, struct str language,
                                       struct str default_language, struct wording *out);
/* The one of that very language: of an administrator, or shipped. text and html as they are. */
struct template;
MUST_CHECK enum err CO_FN wording_exact(struct db_session *s, struct str name, struct str language,
                                        struct template *out);
/* The shipped one; ERR_NOT_FOUND when there is none. */
MUST_CHECK enum err wording_shipped(struct str name, struct str language, struct template *out);

/* Shows a template. What cannot be shown is an empty text. */
struct json;
struct str wording_plain(struct arena *a, struct str text, const struct json *view);
struct str wording_html(struct arena *a, struct str text, const struct json *view);
