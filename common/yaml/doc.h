#pragma once
/*
 * A YAML document (libyaml, YAML 1.1) as a tree whose nodes know their line. Anchors, aliases and
 * merge keys ("<<") are resolved, or refused; a repeated key, a second document, nesting over 32
 * and more than 100,000 nodes are refused.
 *
 * With an environment, scalars may name its variables: ${NAME}, ${NAME:-default} or
 * ${NAME:default};
 * "$${" is a literal "${". A variable that is unset and has no default is a problem. Replacement
 * happens after YAML was parsed, so a value cannot change the structure of the file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "problem.h"
#include "str.h"

enum doc_kind { DOC_SCALAR, DOC_LIST, DOC_MAP };

/* What a scalar is by YAML's rules; a quoted one is always DOC_TEXT. */
enum doc_type { DOC_NULL, DOC_BOOL, DOC_INT, DOC_FLOAT, DOC_TEXT };

struct doc_node;

struct doc_pair {
    struct str key;
    int line;
    const struct doc_node *value;
};

struct doc_node {
    enum doc_kind kind;
    int line;
    struct str text;     /* DOC_SCALAR */
    enum doc_type type;  /* DOC_SCALAR */
    bool is_substituted; /* DOC_SCALAR: came from the environment, so any type may be meant */
    size_t count;        /* DOC_LIST, DOC_MAP */
    const struct doc_node *const *items; /* DOC_LIST */
    const struct doc_pair *pairs;        /* DOC_MAP */
};

/* The value of a variable, or absent; the default looks at the process's environment. */
typedef struct str (*doc_lookup_fn)(void *arg, const char *name);
struct doc_env {
    doc_lookup_fn lookup;
    void *arg;
};
/* The process's own. */
extern const struct doc_env DOC_PROCESS_ENV;

struct doc_options {
    const struct doc_env *env; /* NULL: scalars are taken as they stand */
    bool is_foreign;           /* no anchors or aliases, at most 1000 keys in a mapping */
};

/* NULL when the text is not a YAML document; a tree may still come with problems. text is not kept.
 */
const struct doc_node *doc_parse(struct arena *a, struct str text,
                                 const struct doc_options *options, struct problem_list *problems);
/* The value of a key, NULL when there is none. */
const struct doc_node *doc_get(const struct doc_node *map, struct str key);
/* "a whole number", "a list", …: for messages. */
const char *doc_describe(const struct doc_node *n);
bool doc_to_bool(const struct doc_node *n, bool *out);
/* The line of the node that a path names ("steps[2].role"), or of the nearest one around it. */
int doc_line(const struct doc_node *root, struct str path);
/* Whether the text means itself, and is no number, date or the like, when it stands without quotes.
 */
bool doc_is_plain_text(struct str s);
