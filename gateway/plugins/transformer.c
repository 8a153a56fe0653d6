/*
 * request-transformer and response-transformer, for headers: remove, rename, replace, add, append,
 * in this order. What would change a body or a query string is refused: bodies are streamed.
 */
#include <stddef.h>

#include "plugins/plugin.h"
#include "proxy/exchange.h"

struct header_part {
    int line;
    struct conf_list headers; /* of "name", or "name:value" */
};

struct transformer_config {
    int line;
    struct header_part remove, rename, replace, add, append;
    struct str http_method;
};

#define BODY_NOTE "bodies and query strings pass unchanged; list headers only"

/* clang-format off */
static const struct conf_field part_fields[] = {
    {"headers", CONF_STR_LIST, offsetof(struct header_part, headers)},
    {"body", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = BODY_NOTE},
    {"querystring", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = BODY_NOTE},
    {"uri", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "set the service's path"},
    {"json", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = BODY_NOTE},
    {"json_types", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = BODY_NOTE},
};
/* clang-format on */
static CONF_SCHEMA(part_schema, struct header_part, part_fields);

#define AT(member) offsetof(struct transformer_config, member)

/* clang-format off */
static const struct conf_field transformer_fields[] = {
    {"remove", CONF_OBJECT, AT(remove), .sub = &part_schema},
    {"rename", CONF_OBJECT, AT(rename), .sub = &part_schema},
    {"replace", CONF_OBJECT, AT(replace), .sub = &part_schema},
    {"add", CONF_OBJECT, AT(add), .sub = &part_schema},
    {"append", CONF_OBJECT, AT(append), .sub = &part_schema},
    {"http_method", CONF_REFUSED, 0, CONF_EMPTY_OK, .note = "methods pass unchanged"},
};
/* clang-format on */
static CONF_SCHEMA(transformer_schema, struct transformer_config, transformer_fields);

static bool is_token(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~' || strchr("()<>@,;:\\\"/[]?={}", name.p[i]))
            return false;
    return name.len > 0;
}

static struct str name_of(struct str entry)
{
    ptrdiff_t colon = str_index(entry, ':', 0);
    return colon < 0 ? entry : str_slice(entry, 0, (size_t)colon);
}

static struct str value_of(struct str entry)
{
    ptrdiff_t colon = str_index(entry, ':', 0);
    return colon < 0 ? STR_NULL : str_trim(str_slice(entry, (size_t)colon + 1, entry.len));
}

/* What the gateway writes itself would contradict, or be overwritten. */
static bool is_ours(struct str name)
{
    enum header_kind kind = header_kind(name);
    return kind != HEADER_OTHER && kind != HEADER_TRACE_ID;
}

static void check(struct conf_decoder *d, int line, const char *what, const struct conf_list *list,
                  bool has_value)
{
    for (size_t i = 0; i < list->count; i++) {
        struct str entry = ((const struct str *)list->items)[i];
        struct str value = value_of(entry);
        bool is_bad_value = has_value ? !value.p : value.p != NULL;
        for (size_t k = 0; k < value.len; k++)
            is_bad_value |= (unsigned char)value.p[k] < ' ' || value.p[k] == 0x7f;
        if (!is_token(name_of(entry)) || is_bad_value)
            problem_add(d->problems, line, "%s: \"%.*s\" is not %s", what, STR_ARG(entry),
                        has_value ? "name:value" : "a header's name");
        else if (is_ours(name_of(entry)))
            problem_add(d->problems, line, "%s: the gateway sets \"%.*s\" itself", what,
                        STR_ARG(name_of(entry)));
    }
}

static void transformer_prepare(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p)
{
    (void)f;
    const struct transformer_config *c = p->config;
    check(d, c->line, "remove", &c->remove.headers, false);
    check(d, c->line, "rename", &c->rename.headers, true);
    check(d, c->line, "replace", &c->replace.headers, true);
    check(d, c->line, "add", &c->add.headers, true);
    check(d, c->line, "append", &c->append.headers, true);
    for (size_t i = 0; i < c->rename.headers.count; i++)
        if (!is_token(value_of(((const struct str *)c->rename.headers.items)[i])))
            problem_add(d->problems, c->line, "rename: the new name must be a header's name");
}

#define EACH(entry, part)                                                                          \
    for (const struct str *entry = (part).headers.items,                                           \
                          *entry##_end = entry + (part).headers.count;                             \
         entry < entry##_end; entry++)

static void transform(struct arena *a, const struct transformer_config *c, struct header_list *l)
{
    EACH(e, c->remove)
    headers_remove(l, *e);
    EACH(e, c->rename)
    for (int i = 0; i < l->count; i++)
        if (str_ieq(l->items[i].name, name_of(*e)))
            l->items[i].name = value_of(*e);
    EACH(e, c->replace)
    if (headers_get(l, name_of(*e)).p)
        headers_set(a, l, name_of(*e), value_of(*e));
    EACH(e, c->add)
    if (!headers_get(l, name_of(*e)).p)
        headers_add(a, l, name_of(*e), value_of(*e));
    EACH(e, c->append)
    headers_add(a, l, name_of(*e), value_of(*e));
}

static enum plugin_verdict transform_request(struct exchange *x, const struct kong_plugin *p)
{
    transform(x->arena, p->config, &x->request);
    return PLUGIN_NEXT;
}

static void transform_response(struct exchange *x, const struct kong_plugin *p)
{
    transform(x->arena, p->config, &x->response);
}

extern const struct plugin PLUGIN_REQUEST_TRANSFORMER, PLUGIN_RESPONSE_TRANSFORMER;
const struct plugin PLUGIN_REQUEST_TRANSFORMER = {
    .name = "request-transformer",
    .priority = 801,
    .schema = &transformer_schema,
    .may_scope_consumer = true,
    .prepare = transformer_prepare,
    .access = transform_request,
};
const struct plugin PLUGIN_RESPONSE_TRANSFORMER = {
    .name = "response-transformer",
    .priority = 800,
    .schema = &transformer_schema,
    .may_scope_consumer = true,
    .prepare = transformer_prepare,
    .response = transform_response,
};
