#pragma once
/*
 * JSON (RFC 8259): strict parsing, declarative schemas between JSON and structs, a direct writer.
 * Refused on parsing: nesting over 64, invalid UTF-8, control characters in strings, \u0000, lone
 * surrogates, duplicate keys in one object, trailing bytes, numbers outside the double range.
 */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "err.h"
#include "str.h"

/* ---- values ------------------------------------------------------------------------------- */

struct json; /* a parsed value; lives as long as its arena */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Whether the text is what JK_EMAIL takes. */
bool json_is_email(struct str s);
/* ERR_INVALID_INPUT with a short reason in *why (static) when the text is not JSON. The text is
 * copied and may go away. */
MUST_CHECK enum err json_parse(struct arena *a, struct str text, const struct json **out,
                               const char **why);
enum json_type json_type(const struct json *v);
/* All accessors accept NULL and a value of another type, and then return the empty answer. */
const struct json *json_get(const struct json *object, const char *key);
size_t json_count(const struct json *array_or_object);
const struct json *json_at(const struct json *array, size_t i);
const struct json *json_member(const struct json *object, size_t i, struct str *key);
struct str json_str(const struct json *v);         /* STR_NULL unless a string */
bool json_int(const struct json *v, int64_t *out); /* whole numbers within ±2^53 only */
bool json_bool(const struct json *v, bool *out);
bool json_double(const struct json *v, double *out);

/* ---- writer ------------------------------------------------------------------------------- */

/* Appends JSON text to a buffer; commas are placed automatically. Depth is limited to 64. */
struct json_writer {
    struct buf *out;
    uint64_t has_item; /* bit per depth */
    int depth;
    bool after_key;
};

void jw_init(struct json_writer *w, struct buf *out);
void jw_object(struct json_writer *w);
void jw_array(struct json_writer *w);
void jw_end_object(struct json_writer *w);
void jw_end_array(struct json_writer *w);
void jw_key(struct json_writer *w, struct str key);
/* A key as it is written, with the comma before it; what JW_KEY makes of a plain literal. */
void jw_key_text(struct json_writer *w, struct str text);
void jw_str(struct json_writer *w, struct str s); /* absent → null; invalid UTF-8 → U+FFFD */
void jw_int(struct json_writer *w, int64_t v);
void jw_double(struct json_writer *w, double v); /* NaN and infinities → null */
void jw_bool(struct json_writer *w, bool v);
void jw_null(struct json_writer *w);
void jw_time(struct json_writer *w, int64_t us);     /* "…:00Z"; JSON_NO_TIME → null */
void jw_time_ms(struct json_writer *w, int64_t us);  /* "…:00.000Z"; JSON_NO_TIME → null */
void jw_raw(struct json_writer *w, struct str json); /* trusted JSON text; empty → null */
void jw_value(struct json_writer *w, const struct json *v);

/* key and value in one call: JW_KEY(w, "id"), jw_int(w, 7) */
#define JW_KEY(w, literal) jw_key_text((w), STR(",\"" literal "\":"))
#define JW_STR(w, k, v) (JW_KEY(w, k), jw_str((w), (v)))
#define JW_INT(w, k, v) (JW_KEY(w, k), jw_int((w), (v)))
#define JW_BOOL(w, k, v) (JW_KEY(w, k), jw_bool((w), (v)))
#define JW_NULL(w, k) (JW_KEY(w, k), jw_null(w))
#define JW_TIME(w, k, v) (JW_KEY(w, k), jw_time((w), (v)))
#define JW_TIME_MS(w, k, v) (JW_KEY(w, k), jw_time_ms((w), (v)))
#define JW_RAW(w, k, v) (JW_KEY(w, k), jw_raw((w), (v)))

/* ---- schemas ------------------------------------------------------------------------------ */

#define JSON_NO_INT INT64_MIN  /* an absent or null integer */
#define JSON_NO_TIME INT64_MIN /* an absent or null time */
enum json_tristate { JSON_UNSET = -1, JSON_FALSE = 0, JSON_TRUE = 1 }; /* kept in an int8_t */

enum json_kind {
    JK_STR,    /* struct str; min and max count code points */
    JK_INT,    /* int64_t within min..max, JSON_NO_INT when absent */
    JK_NUMBER, /* double, NaN when absent */
    JK_BOOL,   /* int8_t: enum json_tristate */
    JK_TIME,   /* int64_t microseconds from an RFC 3339 string */
    JK_ENUM,   /* struct str, one of choices; matched without regard to case, canonical spelling */
    JK_EMAIL,  /* struct str, one @, no blanks, at most 254 bytes */
    JK_OBJECT, /* nested struct described by sub, embedded; absent when all its fields are */
    JK_ARRAY,  /* struct json_array of structs described by sub; absent is empty */
    JK_STR_ARRAY, /* struct json_array of struct str */
    JK_INT_ARRAY, /* struct json_array of int64_t */
    /* Foreign content, unchecked but for its depth: at most 48, so that it can be wrapped. */
    JK_ANY, /* const struct json * */
    JK_RAW, /* struct str: raw JSON text (any value), copied verbatim both ways */
};

enum json_field_flags {
    JF_REQUIRED = 1,  /* must be present and not null */
    JF_NON_EMPTY = 2, /* a string of blanks, and the integer or time 0, count as absent */
    JF_COERCE = 4,    /* accepts "12" for 12 and 12 for "12" (simple surface, query parameters) */
    JF_MS = 8,        /* JK_TIME is written with milliseconds */
    JF_OMIT = 16,     /* left out when absent instead of null */
    JF_SECRET = 32,   /* never echoed in error details */
};

struct json_schema;

struct json_array {
    void *items; /* in the arena */
    size_t count;
};

struct json_field {
    const char *name;
    enum json_kind kind;
    size_t offset;
    unsigned flags;
    /* String length or array count or value. Both 0: unchecked (arrays: at most 10,000 items);
     * max < min: no upper bound. */
    int64_t min, max;
    const char *choices; /* JK_ENUM: "Low|Medium|High" */
    const struct json_schema *sub;
    const char *alias; /* another accepted name when decoding */
    const char *doc;   /* for OpenAPI */
};

struct json_schema {
    const char *name; /* OpenAPI component name */
    const struct json_field *fields;
    size_t count;
    size_t size; /* of the struct */
    bool closed; /* unknown members are an error */
};

#define JSON_SCHEMA(var, schema_name, type, field_array)                                           \
    const struct json_schema var = {                                                               \
        .name = schema_name,                                                                       \
        .fields = field_array,                                                                     \
        .count = sizeof(field_array) / sizeof((field_array)[0]),                                   \
        .size = sizeof(type),                                                                      \
    }

/* What is wrong with a document: every offending field at once. */
struct json_problem {
    struct str field;    /* dotted path, e.g. "employee.email" or "items[2].id" */
    const char *message; /* static or in the arena */
    bool missing;        /* absent or of the wrong type (400 where documented), else a bad value */
    struct json_problem *next;
};

/*
 * Fills *out (schema->size bytes) from v; strings point into the arena. ERR_INVALID_INPUT when a
 * required field is missing or ill-typed, else ERR_VALIDATION_ERROR when a value is out of bounds;
 * *problems then lists all of them. v must be an object.
 */
MUST_CHECK enum err json_decode(struct arena *a, const struct json_schema *schema,
                                const struct json *v, void *out, struct json_problem **problems);
/* The same for name=value pairs (query strings); every field is coerced, an empty value counts as
 * absent, the last of a repeated name wins. JK_STR_ARRAY and JK_INT_ARRAY collect every value of
 * their name, split at commas. */
struct json_pair {
    struct str name, value;
};
MUST_CHECK enum err json_decode_pairs(struct arena *a, const struct json_schema *schema,
                                      const struct json_pair *pairs, size_t n, void *out,
                                      struct json_problem **problems);
/* Marks every field of *out absent: where to start from, as 0 is a value. */
void json_set_absent(const struct json_schema *schema, void *out);
/* Writes the struct as an object. */
void json_encode(struct json_writer *w, const struct json_schema *schema, const void *in);
/* Writes the JSON Schema (OpenAPI 3.1 dialect) of the schema. */
void json_schema_describe(struct json_writer *w, const struct json_schema *schema);
/* One field of it, without null among its types: a query parameter is present or not. */
void json_field_describe(struct json_writer *w, const struct json_field *f);
