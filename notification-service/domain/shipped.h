#pragma once
/*
 * The words that come with the program, as mustache templates: one table a language, a row for each
 * kind of notice, and the frames that mails are put into.
 */
#include "str.h"

struct shipped {
    const char *name;
    const char *subject, *message; /* title and text in the app, of short and push messages */
    const char *text, *html;       /* of mails; NULL: the row "layout" */
};

struct shipped_language {
    const char *code, *name;
    const struct shipped *rows; /* .name == NULL ends */
};
extern const struct shipped SHIPPED_EN[], SHIPPED_DE[];
/* .code == NULL ends; the first one is what the others fall back to and has every row. */
extern const struct shipped_language SHIPPED_LANGUAGES[];

/* NULL when there is none. */
const struct shipped *shipped_find(struct str name, struct str language);

#define SHIPPED_LAYOUT "layout"                     /* title and message in a mail */
#define SHIPPED_DIGEST "digest"                     /* several notifications in one mail */
#define SHIPPED_MESSAGE "message"                   /* what somebody sends in words of their own */
#define SHIPPED_MESSAGE_RECEIVED "message_received" /* of a conversation */
#define SHIPPED_MESSAGE_GONE "message_gone"         /* instead of what it said: it was taken back */
#define LANGUAGE_DEFAULT "en"

/* Whether it looks like "de" or "de-AT". */
bool language_is_code(struct str code);
/* "de" of "de-AT"; absent when there is no shorter one. */
struct str language_parent(struct str code);

/* What templates may ask for, separated by blanks, and a sample of all of it as JSON. */
extern const char SHIPPED_FACTS[], SHIPPED_SAMPLE[];
/* Whether templates may ask for it: its first part is one of those. */
bool shipped_is_fact(struct str name);
