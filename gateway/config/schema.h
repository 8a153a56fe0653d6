#pragma once
/*
 * Typed configuration: one table per structure fills it from a document, strictly, and writes it as
 * JSON for the admin API. An unknown key, a value of another type or out of bounds is a problem
 * with its line. Every structure filled this way begins with "int line".
 */
#include <stdbool.h>
#include <stdint.h>

#include "doc.h"
#include "json.h"
#include "problem.h"

enum conf_kind {
    CONF_STR,         /* struct str; absent when not given. choices limits it */
    CONF_INT,         /* int64_t within min..max; CONF_NO_INT when not given */
    CONF_BOOL,        /* bool */
    CONF_STR_LIST,    /* struct conf_list of struct str; choices limits each */
    CONF_INT_LIST,    /* struct conf_list of int64_t within min..max */
    CONF_OBJECT,      /* a structure described by sub, embedded at offset */
    CONF_OBJECT_LIST, /* struct conf_list of structures described by sub */
    CONF_REF,         /* struct str: a name, or a mapping with one of name, username, id */
    CONF_NODE,        /* const struct doc_node *: decoded later, NULL when not given */
    CONF_IGNORED,     /* accepted and without effect here: tags, timestamps */
    CONF_REFUSED,     /* known to Kong but not honoured; note says what to use instead */
};

enum conf_flags {
    CONF_REQUIRED = 1,
    CONF_SECRET = 2,    /* masked in JSON */
    CONF_NON_EMPTY = 4, /* strings and lists */
    CONF_EMPTY_OK = 8,  /* CONF_REFUSED: null, false, "" and an empty list or mapping pass */
    CONF_HIDDEN = 16,   /* not written: whoever writes the structure says it better */
};

#define CONF_NO_INT INT64_MIN

struct conf_list {
    void *items; /* in the arena */
    size_t count;
    bool is_given;
};

struct conf_schema;

struct conf_field {
    const char *name;
    enum conf_kind kind;
    size_t offset;
    unsigned flags;
    const char *def;     /* text: "60000", "true", "http|https"; NULL for absent */
    int64_t min, max;    /* both 0: unchecked */
    const char *choices; /* "a|b|c" */
    const struct conf_schema *sub;
    const char *note; /* CONF_REFUSED: what to do instead */
};

struct conf_schema {
    const struct conf_field *fields;
    size_t count;
    size_t size; /* of the struct */
};

#define CONF_SCHEMA(var, type, field_array)                                                        \
    const struct conf_schema var = {field_array, sizeof(field_array) / sizeof((field_array)[0]),   \
                                    sizeof(type)}

/* Where in the document a structure stands, for messages: "services[0].routes[1]". */
struct conf_path {
    const struct conf_path *parent;
    const char *name;
    int index; /* <0: none */
};

struct conf_decoder {
    struct arena *arena;
    struct problem_list *problems;
};

/* Fills *out (schema->size bytes, zeroed here). node may be NULL: all defaults, required fields are
 * then problems on line. Strings point into the document. */
void conf_decode(struct conf_decoder *d, const struct conf_schema *schema,
                 const struct doc_node *node, int line, const struct conf_path *at, void *out);
/* A problem at a path: "services[0]: …". */
void conf_problem(struct conf_decoder *d, int line, const struct conf_path *at, const char *fmt,
                  ...) __attribute__((format(printf, 4, 5)));
/* "fields" in the form of Kong's /schemas, inside an object the caller opened. */
void conf_describe(struct json_writer *w, const struct conf_schema *schema);
/* The members of the structure, inside an object the caller opened. Secrets are masked;
 * references and lists of structures are left out: the caller knows what they lead to. */
void conf_write(struct json_writer *w, const struct conf_schema *schema, const void *in);
