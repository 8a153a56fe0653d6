#pragma once
/* What people type into a search, and what they are shown of it. */
#include "arena.h"
#include "str.h"

#define KB_WORD_MAX 40 /* of a query; later ones are left out */
#define KB_GAP_MAX 100 /* characters of a search that found nothing */

/* In PostgreSQL's tsquery syntax: all words, the last one as a prefix; any word. Absent when there
 * is none. */
struct str kb_query_all(struct arena *a, struct str words);
struct str kb_query_any(struct arena *a, struct str words);

/* As it is counted: lower case, single blanks, at most KB_GAP_MAX characters. Empty for words
 * without a letter or digit. */
struct str kb_gap_of(struct arena *a, struct str words);

/* What the database wraps around what was found (U+E000, U+E001), as <mark> elements in text that
 * is otherwise escaped for HTML. */
#define KB_MARK_BEGIN "\xEE\x80\x80"
#define KB_MARK_END "\xEE\x80\x81"
struct str kb_mark(struct arena *a, struct str text);
