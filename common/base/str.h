#pragma once
/* A borrowed run of bytes: pointer and length, not NUL-terminated. p == NULL means "absent". */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "err.h"

struct arena;

struct str {
    const char *p;
    size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* For printf: "%.*s", STR_ARG(s) */
#define STR_ARG(s) (int)(s).len, (s).p ? (s).p : ""
#define STR_NULL ((struct str){NULL, 0})

static inline struct str str_from(const char *cstr)
{
    return (struct str){cstr, cstr ? strlen(cstr) : 0};
}
static inline struct str str_n(const char *p, size_t len)
{
    return (struct str){p, len};
}
static inline bool str_is_empty(struct str s)
{
    return s.len == 0;
}

bool str_eq(struct str a, struct str b);
/* ASCII case-insensitive. */
bool str_ieq(struct str a, struct str b);
bool str_has_prefix(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);
/* Order as memcmp, shorter first on a tie. */
int str_cmp(struct str a, struct str b);
/* Index of the first c at or after from, or -1. */
ptrdiff_t str_index(struct str s, char c, size_t from);
/* Index of needle, or -1. */
ptrdiff_t str_find(struct str s, struct str needle);
struct str str_slice(struct str s, size_t from, size_t to);
/* Without ASCII blanks, tabs, CR and LF at both ends. */
struct str str_trim(struct str s);
/* Cuts the next field before sep off *rest; false when *rest is exhausted (p == NULL). */
bool str_next(struct str *rest, char sep, struct str *field);

/* Copies into the arena, NUL-terminated behind len. An absent string stays absent. */
struct str str_dup(struct arena *a, struct str s);
/* NUL-terminated copy; "" for an absent string. */
char *str_cstr(struct arena *a, struct str s);
struct str str_lower(struct arena *a, struct str s);
struct str str_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Decimal, optional minus, whole string; false on anything else or overflow. */
bool str_to_i64(struct str s, int64_t *out);
/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool str_is_utf8(struct str s);
/* Number of code points of well-formed UTF-8. */
size_t str_utf8_len(struct str s);
/* Equal without a timing dependency on the contents (the lengths are not secret). */
bool str_eq_ct(struct str a, struct str b);
