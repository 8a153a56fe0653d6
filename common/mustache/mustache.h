#pragma once
/*
 * Templates after mustache(5) and its specification: variables, sections, inverted sections,
 * comments, changed delimiters, lines of their own. There are neither partials nor lambdas. Texts
 * and data may come from anybody: what a template can cost is bounded.
 */
#include <stdbool.h>
#include <stddef.h>

#include "json.h"

#define MUSTACHE_TEXT_MAX 65536    /* bytes of a template */
#define MUSTACHE_OUTPUT_MAX 262144 /* bytes that one makes */
#define MUSTACHE_DEPTH_MAX 32      /* sections in each other */

struct mustache; /* a parsed template; lives as long as its arena and the text it was made of */

struct mustache_problem {
    int line; /* from 1 */
    struct str text;
    const struct mustache_problem *next;
};

/* ERR_VALIDATION_ERROR with every problem. */
MUST_CHECK enum err mustache_parse(struct arena *a, struct str text, const struct mustache **out,
                                   const struct mustache_problem **problems);

/* The names that a template asks for, one a call, beginning with *it = 0. */
struct mustache_name {
    struct str name; /* as written: "ticket.number" */
    int line;
};
bool mustache_next_name(const struct mustache *m, size_t *it, struct mustache_name *out);

enum mustache_escape { MUSTACHE_HTML, MUSTACHE_PLAIN };
/*
 * What {{name}} gives is escaped as said, what {{{name}}} and {{&name}} give never is. False,
 * null, 0, "" and [] count as nothing. view may be NULL. ERR_PAYLOAD_TOO_LARGE when the output
 * would be over MUSTACHE_OUTPUT_MAX, or its making without end.
 */
MUST_CHECK enum err mustache_render(struct arena *a, const struct mustache *m,
                                    const struct json *view, enum mustache_escape escape,
                                    struct str *out);
