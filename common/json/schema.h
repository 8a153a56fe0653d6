#pragma once
/* What decoding, encoding and describing share; for this library's own files only. */
#include "json.h"

/* Where a field lives in its struct, by kind. */
static inline void *field_at(const struct json_field *f, void *base)
{
    return (char *)base + f->offset;
}
static inline const void *field_in(const struct json_field *f, const void *base)
{
    return (const char *)base + f->offset;
}

/* Bounds are in force unless both are 0; a max below min leaves the top open. */
static inline bool field_has_min(const struct json_field *f)
{
    return f->min != 0 || f->max != 0;
}
static inline bool field_has_max(const struct json_field *f)
{
    return field_has_min(f) && f->max >= f->min;
}

static inline bool field_is_array(const struct json_field *f)
{
    return f->kind == JK_ARRAY || f->kind == JK_STR_ARRAY || f->kind == JK_INT_ARRAY;
}

/* Whether the field goes by that name or alias. */
bool schema_is_named(const struct json_field *f, struct str name);
const struct json_field *schema_find(const struct json_schema *schema, struct str name);
/* json_decode, coercing every field when coerce is set. */
MUST_CHECK enum err schema_decode(struct arena *a, const struct json_schema *schema,
                                  const struct json *v, bool coerce, void *out,
                                  struct json_problem **problems);
