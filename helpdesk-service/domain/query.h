#pragma once
/*
 * The query language in which tickets are looked for: words, "phrases" and conditions, all of which
 * must hold; a '-' in front turns one around.
 *
 *   status:open,on-hold priority:high,urgent category:"IT Support" department:… approval:pending
 *   owner:me requester:17 owner:none     (assignee: is another name of owner:)
 *   tag:vpn,wifi      number:TX20260112* is:open has:attachment
 *   created:>2026-01-01 created:2026-01-01..2026-02-01 updated:<7d created:today
 *   vpn print* -fax "paper jam"
 *
 * What stands between commas are alternatives. An age (30m, 12h, 7d, 2w) is compared with now:
 * updated:<7d is what changed within seven days. A day includes all of it, in UTC. The last word,
 * unless quoted, and every word that ends in '*' are beginnings. Parsing knows the form of values
 * only: which words are a status is for who resolves them.
 */
#include "arena.h"
#include "err.h"
#include "str.h"

#define QUERY_CHARS_MAX 1000
#define QUERY_TERM_MAX 40
#define QUERY_VALUE_MAX 50
#define QUERY_NO_TIME INT64_MIN

enum query_key {
    QUERY_WORD,   /* one value: a word or a phrase */
    QUERY_STATUS, /* words, as the following up to tag */
    QUERY_PRIORITY,
    QUERY_CATEGORY,
    QUERY_DEPARTMENT,
    QUERY_APPROVAL,
    QUERY_OWNER, /* ids, and "me" */
    QUERY_REQUESTER,
    QUERY_TAG,
    QUERY_NUMBER,  /* TX and digits, "*" behind it */
    QUERY_IS,      /* the names of QUERY_STATES */
    QUERY_HAS,     /* attachment, comment, tag */
    QUERY_CREATED, /* from and until */
    QUERY_UPDATED,
    QUERY_KEY_COUNT
};
/* "status"; NULL for words. */
const char *query_key_name(enum query_key key);

struct query_term {
    enum query_key key;
    bool is_excluded;
    bool is_phrase, is_prefix; /* of QUERY_WORD */
    bool has_none;             /* "none" is among the alternatives: of owner, department, tag */
    struct str *values;        /* without "none" */
    size_t value_count;
    int64_t from, until; /* µs: from <= t < until; QUERY_NO_TIME: open */
    size_t at;           /* where it begins, in characters from 1 */
};

struct query {
    struct query_term *terms;
    size_t count;
};

struct query_problem {
    size_t at;           /* in characters from 1 */
    const char *message; /* in the arena: "is not a field: …" */
};

/* The text must be UTF-8. ERR_VALIDATION_ERROR with what is wrong first. */
MUST_CHECK enum err query_parse(struct arena *a, struct str text, int64_t now, struct query *out,
                                struct query_problem *problem);
/* Plain words, separated by blanks: all must occur, the last one as a beginning; those over
 * QUERY_TERM_MAX are left out. */
void query_of_words(struct arena *a, struct str text, struct query *out);
