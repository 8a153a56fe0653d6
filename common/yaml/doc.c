#include "doc.h"

#include <stdlib.h>
#include <yaml.h>

#include "buf.h"

#define MAX_DEPTH 32
#define MAX_NODES 100000
#define MAX_FOREIGN_KEYS 1000

struct builder {
    struct arena *arena;
    yaml_document_t *doc;
    const struct doc_options *options;
    struct problem_list *problems;
    struct doc_node **done; /* by libyaml's node index: aliases share one node */
    bool *is_open;          /* being built: an alias to it would be a cycle */
    int nodes;              /* visited, to bound what merge keys can multiply */
};

static const struct doc_node *build(struct builder *b, int index, int depth);

static struct str look_up_process(void *arg, const char *name)
{
    (void)arg;
    return str_from(getenv(name));
}

const struct doc_env DOC_PROCESS_ENV = {look_up_process, NULL};

static bool is_one_of(struct str s, const char *choices)
{
    struct str rest = str_from(choices), word;
    while (str_next(&rest, '|', &word))
        if (str_eq(s, word))
            return true;
    return false;
}

static enum doc_type plain_type(struct arena *a, struct str s)
{
    int64_t whole;
    if (str_is_empty(s) || is_one_of(s, "~|null|Null|NULL"))
        return DOC_NULL;
    if (is_one_of(s, "true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF"))
        return DOC_BOOL;
    if (str_to_i64(s, &whole))
        return DOC_INT;
    if (!strchr("+-.0123456789", s.p[0]))
        return DOC_TEXT;
    char *end;
    const char *text = str_cstr(a, s);
    (void)strtod(text, &end);
    return end == text + s.len ? DOC_FLOAT : DOC_TEXT;
}

bool doc_to_bool(const struct doc_node *n, bool *out)
{
    if (n->kind != DOC_SCALAR || (n->type != DOC_BOOL && !n->is_substituted))
        return false;
    *out = is_one_of(n->text, "true|True|TRUE|yes|Yes|YES|on|On|ON");
    return *out || is_one_of(n->text, "false|False|FALSE|no|No|NO|off|Off|OFF");
}

static bool is_name_char(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* One reference at s, which starts behind "${". Returns what it consumed, 0 when malformed. */
static size_t substitute(struct builder *b, struct str s, int line, struct buf *out)
{
    size_t name_len = 0;
    while (name_len < s.len && is_name_char(s.p[name_len]))
        name_len++;
    ptrdiff_t close = str_index(s, '}', name_len);
    if (!name_len || close < 0) {
        problem_add(b->problems, line, "\"${\" must be followed by NAME} or NAME:-default}");
        return 0;
    }
    struct str fallback = STR_NULL;
    if ((size_t)close > name_len) {
        if (s.p[name_len] != ':') {
            problem_add(b->problems, line, "a variable's name has letters, digits and _ only");
            return 0;
        }
        fallback = str_slice(s, name_len + 1, (size_t)close);
        if (str_has_prefix(fallback, STR("-")))
            fallback = str_slice(fallback, 1, fallback.len);
    }
    const char *name = str_cstr(b->arena, str_n(s.p, name_len));
    struct str value = b->options->env->lookup(b->options->env->arg, name);
    if (!value.p)
        value = fallback;
    if (!value.p) {
        problem_add(b->problems, line, "variable %s is not set and has no default", name);
        return 0;
    }
    buf_add_str(out, value);
    return (size_t)close + 1;
}

static struct str expand(struct builder *b, struct str s, int line, bool *is_substituted)
{
    struct buf out;
    buf_init(&out, b->arena);
    for (size_t i = 0; i < s.len;) {
        struct str rest = str_slice(s, i, s.len);
        if (str_has_prefix(rest, STR("$${"))) {
            BUF_LIT(&out, "${");
            i += 3;
        } else if (str_has_prefix(rest, STR("${"))) {
            size_t used = substitute(b, str_slice(rest, 2, rest.len), line, &out);
            *is_substituted = true;
            if (!used)
                return s;
            i += 2 + used;
        } else {
            buf_add_char(&out, s.p[i++]);
        }
    }
    return str_n(buf_cstr(&out), out.len);
}

static void build_scalar(struct builder *b, const yaml_node_t *y, struct doc_node *n)
{
    struct str raw = str_n((const char *)y->data.scalar.value, y->data.scalar.length);
    n->kind = DOC_SCALAR;
    n->text = str_dup(b->arena, raw);
    if (b->options->env && str_find(raw, STR("${")) >= 0)
        n->text = expand(b, n->text, n->line, &n->is_substituted);
    if (memchr(n->text.p, '\0', n->text.len))
        problem_add(b->problems, n->line, "a NUL character is not allowed");
    bool is_plain = y->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->type = is_plain ? plain_type(b->arena, n->text) : DOC_TEXT;
}

static void build_list(struct builder *b, const yaml_node_t *y, struct doc_node *n, int depth)
{
    const yaml_node_item_t *first = y->data.sequence.items.start;
    n->kind = DOC_LIST;
    n->count = (size_t)(y->data.sequence.items.top - first);
    const struct doc_node **items = ARENA_ARRAY(b->arena, const struct doc_node *, n->count + 1);
    n->items = items;
    for (size_t i = 0; i < n->count; i++) {
        items[i] = build(b, first[i], depth + 1);
        if (!items[i]) {
            n->count = i;
            return;
        }
    }
}

struct pair_list {
    struct doc_pair *pairs;
    size_t count, cap;
};

static void pairs_add(struct builder *b, struct pair_list *l, struct doc_pair pair, bool is_merged)
{
    for (size_t i = 0; i < l->count; i++) {
        if (!str_eq(l->pairs[i].key, pair.key))
            continue;
        if (!is_merged)
            problem_add(b->problems, pair.line, "key \"%.*s\" is repeated (first on line %d)",
                        STR_ARG(pair.key), l->pairs[i].line);
        return;
    }
    if (l->count == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 8;
        struct doc_pair *grown = ARENA_ARRAY(b->arena, struct doc_pair, cap);
        if (l->count)
            memcpy(grown, l->pairs, l->count * sizeof *grown);
        l->pairs = grown;
        l->cap = cap;
    }
    l->pairs[l->count++] = pair;
}

static void merge(struct builder *b, struct pair_list *l, const struct doc_node *from)
{
    b->nodes += (int)from->count;
    if (from->kind == DOC_MAP) {
        for (size_t i = 0; i < from->count; i++)
            pairs_add(b, l, from->pairs[i], true);
    } else if (from->kind == DOC_LIST) {
        for (size_t i = 0; i < from->count; i++)
            if (from->items[i]->kind == DOC_MAP)
                merge(b, l, from->items[i]);
    } else {
        problem_add(b->problems, from->line, "\"<<\" merges a mapping or a list of mappings");
    }
}

static void build_map(struct builder *b, const yaml_node_t *y, struct doc_node *n, int depth)
{
    struct pair_list own = {0}, merged = {0};
    n->kind = DOC_MAP;
    if (b->options->is_foreign &&
        y->data.mapping.pairs.top - y->data.mapping.pairs.start > MAX_FOREIGN_KEYS) {
        problem_add(b->problems, n->line, "a mapping has at most %d keys", MAX_FOREIGN_KEYS);
        return;
    }
    for (const yaml_node_pair_t *p = y->data.mapping.pairs.start; p < y->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *key = yaml_document_get_node(b->doc, p->key);
        int line = (int)key->start_mark.line + 1;
        const struct doc_node *value = build(b, p->value, depth + 1);
        if (!value)
            return;
        if (key->type != YAML_SCALAR_NODE) {
            problem_add(b->problems, line, "a key must be a plain word");
            continue;
        }
        struct str name = str_n((const char *)key->data.scalar.value, key->data.scalar.length);
        if (str_eq(name, STR("<<")))
            merge(b, &merged, value);
        else
            pairs_add(b, &own, (struct doc_pair){str_dup(b->arena, name), line, value}, false);
    }
    for (size_t i = 0; i < merged.count; i++)
        pairs_add(b, &own, merged.pairs[i], true);
    n->pairs = own.pairs;
    n->count = own.count;
}

static const struct doc_node *build(struct builder *b, int index, int depth)
{
    const yaml_node_t *y = yaml_document_get_node(b->doc, index);
    int line = (int)y->start_mark.line + 1;
    if (b->done[index] && !b->is_open[index])
        return b->done[index];
    if (b->is_open[index] || depth > MAX_DEPTH || ++b->nodes > MAX_NODES) {
        problem_add(b->problems, line,
                    b->is_open[index] ? "an alias refers to itself"
                                      : "the document is too deep "
                                        "or too large");
        return NULL;
    }
    struct doc_node *n = b->done[index] = ARENA_NEW(b->arena, struct doc_node);
    n->line = line;
    b->is_open[index] = true;
    if (y->type == YAML_SCALAR_NODE)
        build_scalar(b, y, n);
    else if (y->type == YAML_SEQUENCE_NODE)
        build_list(b, y, n, depth);
    else
        build_map(b, y, n, depth);
    b->is_open[index] = false;
    return n;
}

static void add_yaml_error(const yaml_parser_t *p, struct problem_list *problems)
{
    problem_add(problems, (int)p->problem_mark.line + 1, "not valid YAML: %s%s%s",
                p->problem ? p->problem : "unreadable", p->context ? " " : "",
                p->context ? p->context : "");
}

/* A file holds one document; what follows it would be silently ignored otherwise. */
static void refuse_second(yaml_parser_t *p, struct problem_list *problems)
{
    yaml_document_t doc;
    if (!yaml_parser_load(p, &doc)) {
        add_yaml_error(p, problems);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&doc);
    if (root)
        problem_add(problems, (int)root->start_mark.line + 1,
                    "the file must hold one YAML document");
    yaml_document_delete(&doc);
}

/* What one event says against a foreign document. */
static const char *foreign_fault(const yaml_event_t *e, int *depth, int *nodes)
{
    const yaml_char_t *anchor = NULL;
    *nodes += 1;
    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return "aliases are not allowed";
    case YAML_SCALAR_EVENT:
        anchor = e->data.scalar.anchor;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = e->data.sequence_start.anchor;
        *depth += 1;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = e->data.mapping_start.anchor;
        *depth += 1;
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        *depth -= 1;
        break;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    if (anchor)
        return "anchors are not allowed";
    return *depth > MAX_DEPTH + 1 || *nodes > MAX_NODES ? "the document is too deep or too large"
                                                        : NULL;
}

/* Looks through the text before anything is built of it: what libyaml's loader does with anchors
 * and depth takes a time that grows faster than the text. */
static bool is_harmless(struct str text, struct problem_list *problems)
{
    yaml_parser_t parser;
    int depth = 0, nodes = 0;
    bool is_done = false, is_good = true;
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.len);
    while (is_good && !is_done) {
        yaml_event_t e;
        if (!yaml_parser_parse(&parser, &e)) {
            add_yaml_error(&parser, problems);
            is_good = false;
            break;
        }
        const char *fault = foreign_fault(&e, &depth, &nodes);
        if (fault)
            problem_add(problems, (int)e.start_mark.line + 1, "%s", fault);
        is_good = !fault;
        is_done = e.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&parser);
    return is_good;
}

const struct doc_node *doc_parse(struct arena *a, struct str text,
                                 const struct doc_options *options, struct problem_list *problems)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    if (options->is_foreign && !is_harmless(text, problems))
        return NULL;
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.len);
    if (!yaml_parser_load(&parser, &doc)) {
        add_yaml_error(&parser, problems);
        yaml_parser_delete(&parser);
        return NULL;
    }
    const struct doc_node *root = NULL;
    if (!yaml_document_get_root_node(&doc)) {
        problem_add(problems, 0, "the file is empty");
    } else {
        size_t nodes = (size_t)(doc.nodes.top - doc.nodes.start) + 1;
        struct builder b = {a, &doc, options, problems};
        b.done = ARENA_ARRAY(a, struct doc_node *, nodes);
        b.is_open = ARENA_ARRAY(a, bool, nodes);
        root = build(&b, 1, 0);
        refuse_second(&parser, problems);
    }
    yaml_document_delete(&doc);
    yaml_parser_delete(&parser);
    return root;
}

const struct doc_node *doc_get(const struct doc_node *map, struct str key)
{
    for (size_t i = 0; map && map->kind == DOC_MAP && i < map->count; i++)
        if (str_eq(map->pairs[i].key, key))
            return map->pairs[i].value;
    return NULL;
}

int doc_line(const struct doc_node *root, struct str path)
{
    const struct doc_node *n = root;
    int line = n->line;
    while (path.len) {
        size_t end = path.p[0] == '[' ? 1 : 0;
        while (end < path.len && path.p[end] != '.' && path.p[end] != '[')
            end++;
        struct str part = str_slice(path, 0, end);
        int64_t i;
        if (n->kind == DOC_LIST && part.len > 2 &&
            str_to_i64(str_slice(part, 1, part.len - 1), &i) && i >= 0 && (size_t)i < n->count)
            n = n->items[i];
        else
            n = doc_get(n, part);
        if (!n)
            break;
        line = n->line;
        path = str_slice(path, end + (end < path.len && path.p[end] == '.'), path.len);
    }
    return line;
}

bool doc_is_plain_text(struct str s)
{
    unsigned char first = s.len ? (unsigned char)s.p[0] : '0';
    bool is_word = (first | 0x20) >= 'a' && (first | 0x20) <= 'z';
    return (is_word || first >= 0x80) &&
           !is_one_of(s,
                      "null|Null|NULL|true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|"
                      "ON|off|Off|OFF|y|Y|n|N");
}

const char *doc_describe(const struct doc_node *n)
{
    static const char *const scalar[] = {
        [DOC_NULL] = "null",      [DOC_BOOL] = "a truth value", [DOC_INT] = "a whole number",
        [DOC_FLOAT] = "a number", [DOC_TEXT] = "a string",
    };
    if (n->kind == DOC_LIST)
        return "a list";
    return n->kind == DOC_MAP ? "a mapping" : scalar[n->type];
}
