#include "config/schema.h"

#include <stdarg.h>

static void path_write(struct buf *b, const struct conf_path *at)
{
    if (!at)
        return;
    path_write(b, at->parent);
    if (at->name) {
        if (b->len)
            buf_add_char(b, '.');
        buf_add_str(b, str_from(at->name));
    }
    if (at->index >= 0)
        buf_printf(b, "[%d]", at->index);
}

void conf_problem(struct conf_decoder *d, int line, const struct conf_path *at, const char *fmt,
                  ...)
{
    struct buf b;
    buf_init(&b, d->arena);
    path_write(&b, at);
    if (b.len)
        BUF_LIT(&b, ": ");
    va_list ap;
    va_start(ap, fmt);
    buf_add_str(&b, str_from(arena_vprintf(d->arena, fmt, ap)));
    va_end(ap);
    problem_add(d->problems, line, "%.*s", STR_ARG(buf_str(&b)));
}

static const struct conf_field *field_find(const struct conf_schema *schema, struct str key)
{
    for (size_t i = 0; i < schema->count; i++)
        if (str_eq(str_from(schema->fields[i].name), key))
            return &schema->fields[i];
    return NULL;
}

static bool is_choice(const char *choices, struct str s)
{
    struct str rest = str_from(choices), word;
    while (str_next(&rest, '|', &word))
        if (str_eq(s, word))
            return true;
    return false;
}

static bool is_in_bounds(const struct conf_field *f, int64_t v)
{
    return (f->min == 0 && f->max == 0) || (v >= f->min && v <= f->max);
}

static void ill_typed(struct conf_decoder *d, const struct conf_path *at, const char *expected,
                      const struct doc_node *n)
{
    conf_problem(d, n->line, at, "must be %s, not %s", expected, doc_describe(n));
}

static bool take_str(struct conf_decoder *d, const struct conf_field *f, const struct doc_node *n,
                     const struct conf_path *at, struct str *out)
{
    if (n->kind != DOC_SCALAR || (n->type != DOC_TEXT && !n->is_substituted)) {
        ill_typed(d, at, n->kind == DOC_SCALAR ? "a string (quote it)" : "a string", n);
        return false;
    }
    if ((f->flags & CONF_NON_EMPTY) && str_is_empty(n->text)) {
        conf_problem(d, n->line, at, "must not be empty");
        return false;
    }
    if (f->choices && !is_choice(f->choices, n->text)) {
        conf_problem(d, n->line, at, "must be one of %s, not \"%.*s\"", f->choices,
                     STR_ARG(n->text));
        return false;
    }
    *out = n->text;
    return true;
}

static bool take_int(struct conf_decoder *d, const struct conf_field *f, const struct doc_node *n,
                     const struct conf_path *at, int64_t *out)
{
    int64_t v;
    bool may_be = n->kind == DOC_SCALAR && (n->type == DOC_INT || n->is_substituted);
    if (!may_be || !str_to_i64(n->text, &v)) {
        ill_typed(d, at, "a whole number", n);
        return false;
    }
    if (!is_in_bounds(f, v)) {
        conf_problem(d, n->line, at, "must be between %lld and %lld", (long long)f->min,
                     (long long)f->max);
        return false;
    }
    *out = v;
    return true;
}

static void take_list(struct conf_decoder *d, const struct conf_field *f, const struct doc_node *n,
                      const struct conf_path *at, struct conf_list *out)
{
    if (n->kind != DOC_LIST) {
        ill_typed(d, at, "a list", n);
        return;
    }
    if ((f->flags & CONF_NON_EMPTY) && !n->count)
        conf_problem(d, n->line, at, "must not be empty");
    size_t item = f->kind == CONF_STR_LIST   ? sizeof(struct str)
                  : f->kind == CONF_INT_LIST ? sizeof(int64_t)
                                             : f->sub->size;
    char *items = arena_calloc(d->arena, n->count + 1, item);
    *out = (struct conf_list){items, n->count, true};
    for (size_t i = 0; i < n->count; i++) {
        struct conf_path here = {at->parent, at->name, (int)i};
        void *p = items + i * item;
        if (f->kind == CONF_STR_LIST)
            (void)take_str(d, f, n->items[i], &here, p);
        else if (f->kind == CONF_INT_LIST)
            (void)take_int(d, f, n->items[i], &here, p);
        else
            conf_decode(d, f->sub, n->items[i], n->items[i]->line, &here, p);
    }
}

static void take_ref(struct conf_decoder *d, const struct conf_field *f, const struct doc_node *n,
                     const struct conf_path *at, struct str *out)
{
    if (n->kind != DOC_MAP) {
        (void)take_str(d, f, n, at, out);
        return;
    }
    bool is_single = n->count == 1 && is_choice("name|username|id", n->pairs[0].key);
    if (!is_single)
        conf_problem(d, n->line, at, "must be a name or a mapping with one of name, username, id");
    else
        (void)take_str(d, f, n->pairs[0].value, at, out);
}

static bool is_nothing(const struct doc_node *n)
{
    bool value;
    if (n->kind != DOC_SCALAR)
        return n->count == 0;
    return n->type == DOC_NULL || str_is_empty(n->text) || (doc_to_bool(n, &value) && !value);
}

static void take(struct conf_decoder *d, const struct conf_field *f, const struct doc_node *n,
                 const struct conf_path *at, void *target)
{
    switch (f->kind) {
    case CONF_STR:
        (void)take_str(d, f, n, at, target);
        return;
    case CONF_INT:
        (void)take_int(d, f, n, at, target);
        return;
    case CONF_BOOL:
        if (!doc_to_bool(n, target))
            ill_typed(d, at, "true or false", n);
        return;
    case CONF_STR_LIST:
    case CONF_INT_LIST:
    case CONF_OBJECT_LIST:
        take_list(d, f, n, at, target);
        return;
    case CONF_OBJECT:
        conf_decode(d, f->sub, n, n->line, at, target);
        return;
    case CONF_REF:
        take_ref(d, f, n, at, target);
        return;
    case CONF_NODE:
        *(const struct doc_node **)target = n;
        return;
    case CONF_IGNORED:
        return;
    case CONF_REFUSED:
        if (!(f->flags & CONF_EMPTY_OK) || !is_nothing(n))
            conf_problem(d, n->line, at, "is not supported; %s", f->note);
        return;
    }
}

static struct conf_list default_list(struct arena *a, const char *def)
{
    size_t n = 1;
    for (const char *p = def; *p; p++)
        n += *p == '|';
    struct str *items = ARENA_ARRAY(a, struct str, n + 1), rest = str_from(def);
    struct conf_list list = {items, 0, false};
    while (str_next(&rest, '|', &items[list.count]))
        list.count++;
    return list;
}

static void set_default(struct conf_decoder *d, const struct conf_field *f, void *target)
{
    bool has_def = f->def != NULL;
    switch (f->kind) {
    case CONF_STR:
        *(struct str *)target = str_from(f->def);
        return;
    case CONF_INT:
        *(int64_t *)target = CONF_NO_INT;
        if (has_def)
            (void)str_to_i64(str_from(f->def), target);
        return;
    case CONF_BOOL:
        *(bool *)target = has_def && strcmp(f->def, "true") == 0;
        return;
    case CONF_STR_LIST:
        if (has_def)
            *(struct conf_list *)target = default_list(d->arena, f->def);
        return;
    case CONF_OBJECT:
        conf_decode(d, f->sub, NULL, 0, NULL, target);
        return;
    case CONF_INT_LIST:
    case CONF_OBJECT_LIST:
    case CONF_REF:
    case CONF_NODE:
    case CONF_IGNORED:
    case CONF_REFUSED:
        return;
    }
}

void conf_decode(struct conf_decoder *d, const struct conf_schema *schema,
                 const struct doc_node *node, int line, const struct conf_path *at, void *out)
{
    memset(out, 0, schema->size);
    *(int *)out = line;
    for (size_t i = 0; i < schema->count; i++)
        set_default(d, &schema->fields[i], (char *)out + schema->fields[i].offset);
    if (node && node->kind != DOC_MAP) {
        ill_typed(d, at, "a mapping", node);
        return;
    }
    for (size_t i = 0; node && i < node->count; i++) {
        const struct doc_pair *pair = &node->pairs[i];
        const struct conf_field *f = field_find(schema, pair->key);
        if (!f) {
            conf_problem(d, pair->line, at, "unknown key \"%.*s\"", STR_ARG(pair->key));
            continue;
        }
        struct conf_path here = {at, f->name, -1};
        bool is_null = pair->value->kind == DOC_SCALAR && pair->value->type == DOC_NULL &&
                       !pair->value->is_substituted;
        if (!is_null)
            take(d, f, pair->value, &here, (char *)out + f->offset);
    }
    for (size_t i = 0; (node || line) && i < schema->count; i++) {
        const struct conf_field *f = &schema->fields[i];
        const struct doc_node *given = doc_get(node, str_from(f->name));
        if ((f->flags & CONF_REQUIRED) &&
            (!given || (given->kind == DOC_SCALAR && given->type == DOC_NULL)))
            conf_problem(d, line, at, "\"%s\" is required", f->name);
    }
}

static void write_list(struct json_writer *w, const struct conf_field *f,
                       const struct conf_list *list)
{
    jw_array(w);
    for (size_t i = 0; i < list->count; i++) {
        if (f->kind == CONF_STR_LIST)
            jw_str(w, ((const struct str *)list->items)[i]);
        else
            jw_int(w, ((const int64_t *)list->items)[i]);
    }
    jw_end_array(w);
}

static void write_value(struct json_writer *w, const struct conf_field *f, const void *p)
{
    switch (f->kind) {
    case CONF_STR: {
        const struct str *s = p;
        jw_str(w, (f->flags & CONF_SECRET) && s->p ? STR("***") : *s);
        return;
    }
    case CONF_INT:
        if (*(const int64_t *)p == CONF_NO_INT)
            jw_null(w);
        else
            jw_int(w, *(const int64_t *)p);
        return;
    case CONF_BOOL:
        jw_bool(w, *(const bool *)p);
        return;
    case CONF_STR_LIST:
    case CONF_INT_LIST:
        write_list(w, f, p);
        return;
    case CONF_OBJECT:
        jw_object(w);
        conf_write(w, f->sub, p);
        jw_end_object(w);
        return;
    case CONF_OBJECT_LIST:
    case CONF_REF:
    case CONF_NODE:
    case CONF_IGNORED:
    case CONF_REFUSED:
        return;
    }
}

void conf_write(struct json_writer *w, const struct conf_schema *schema, const void *in)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct conf_field *f = &schema->fields[i];
        bool is_written = f->kind <= CONF_OBJECT && !(f->flags & CONF_HIDDEN);
        if (!is_written)
            continue;
        jw_key(w, str_from(f->name));
        write_value(w, f, (const char *)in + f->offset);
    }
}

/* ---- describing ----------------------------------------------------------------------------- */

static const char *kongs_type(enum conf_kind kind)
{
    switch (kind) {
    case CONF_STR:
        return "string";
    case CONF_INT:
        return "integer";
    case CONF_BOOL:
        return "boolean";
    case CONF_STR_LIST:
    case CONF_INT_LIST:
    case CONF_OBJECT_LIST:
        return "array";
    case CONF_OBJECT:
    case CONF_NODE:
        return "record";
    case CONF_REF:
        return "foreign";
    case CONF_IGNORED:
    case CONF_REFUSED:
        return NULL;
    }
    return NULL;
}

static void describe_choices(struct json_writer *w, const struct conf_field *f)
{
    bool is_list = f->kind == CONF_STR_LIST;
    struct str rest = str_from(f->choices), word;
    if (is_list) {
        JW_KEY(w, "elements");
        jw_object(w);
        JW_STR(w, "type", STR("string"));
    }
    JW_KEY(w, "one_of");
    jw_array(w);
    while (str_next(&rest, '|', &word))
        jw_str(w, word);
    jw_end_array(w);
    if (is_list)
        jw_end_object(w);
}

static void describe_field(struct json_writer *w, const struct conf_field *f)
{
    jw_object(w);
    jw_key(w, str_from(f->name));
    jw_object(w);
    JW_STR(w, "type", str_from(kongs_type(f->kind)));
    JW_BOOL(w, "required", (f->flags & CONF_REQUIRED) != 0);
    if (f->def)
        JW_STR(w, "default", str_from(f->def));
    if (f->choices)
        describe_choices(w, f);
    if (f->min || f->max) {
        JW_KEY(w, "between");
        jw_array(w);
        jw_int(w, f->min);
        jw_int(w, f->max);
        jw_end_array(w);
    }
    if (f->kind == CONF_OBJECT)
        conf_describe(w, f->sub);
    jw_end_object(w);
    jw_end_object(w);
}

void conf_describe(struct json_writer *w, const struct conf_schema *schema)
{
    JW_KEY(w, "fields");
    jw_array(w);
    for (size_t i = 0; i < schema->count; i++)
        if (kongs_type(schema->fields[i].kind))
            describe_field(w, &schema->fields[i]);
    jw_end_array(w);
}
