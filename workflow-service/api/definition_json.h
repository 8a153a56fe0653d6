#pragma once
/* Definitions as JSON: what clients send, what is kept of a draft, what goes into files. */
#include "domain/definition.h"
#include "json.h"

struct req;

#define DEFINITION_FORMAT "tts-workflow/1"

/* A definition as it is sent. Members that only replies have are accepted and left aside, so that
 * what was read can be sent back. */
struct definition_body {
    struct str format; /* of files */
    struct str name, description, department, category, sub_category, priority;
    struct json_array sla, steps, transitions;
    int8_t publish; /* POST: at once */
    struct str unused;
};

extern const struct json_schema DEFINITION_BODY, DEFINITION_PATCH, DEFINITION_FILE;

/* The definition that a body states, with blanks trimmed and roles' systems filled in ("tts"). */
struct definition definition_of(struct arena *a, const struct definition_body *b);
/* Takes over the members that the request's body names. */
void definition_patch(struct arena *a, const struct json *sent, const struct definition_body *b,
                      struct definition *d);

/* The document as it is kept and exported: stable names, no ids, always the same text. */
struct str definition_text(struct arena *a, const struct definition *d);
/* What definition_text wrote. */
MUST_CHECK enum err definition_parse(struct arena *a, struct str text, struct definition *out);
