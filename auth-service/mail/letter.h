#pragma once
/* What the mails of this program say, as text and as HTML. Pure. */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

/* Kinds, as they are kept. */
#define LETTER_VERIFY_EMAIL "verify_email"
#define LETTER_RESET_PASSWORD "reset_password"
#define LETTER_PASSWORD_CHANGED "password_changed"
#define LETTER_CODE "code"
#define LETTER_FACTOR_ENABLED "factor_enabled"
#define LETTER_FACTOR_DISABLED "factor_disabled"
#define LETTER_INVITATION "invitation"

struct letter {
    struct str name;                /* the reader's */
    struct str link;                /* to follow; absent: none */
    struct str code;                /* to type in; absent: none */
    int64_t life_s;                 /* of the link or code */
    struct str address, user_agent; /* where what is told came from */
    int64_t at;                     /* µs, when it happened */
};

struct letter_text {
    struct str subject, text, html;
};

/* False for an unknown kind. */
bool letter_write(struct arena *a, struct str kind, const struct letter *l,
                  struct letter_text *out);
