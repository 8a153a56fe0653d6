#include "plugins/cors.h"

#include <regex.h>
#include <stddef.h>

#include "proxy/exchange.h"

struct cors_config {
    int line;
    struct conf_list origins, methods, headers, exposed_headers;
    int64_t max_age;
    bool credentials, preflight_continue, private_network, allow_origin_absent;
    /* prepared */
    bool is_any;
    regex_t *patterns; /* one per origin that is not a plain one */
    size_t pattern_count;
    struct str methods_text, headers_text, exposed_text, max_age_text;
};

#define AT(member) offsetof(struct cors_config, member)
#define ALL_METHODS "GET|HEAD|PUT|PATCH|POST|DELETE|OPTIONS|TRACE|CONNECT"

/* clang-format off */
static const struct conf_field cors_fields[] = {
    {"origins", CONF_STR_LIST, AT(origins)},
    {"methods", CONF_STR_LIST, AT(methods), 0, ALL_METHODS, 0, 0, ALL_METHODS},
    {"headers", CONF_STR_LIST, AT(headers)},
    {"exposed_headers", CONF_STR_LIST, AT(exposed_headers)},
    {"max_age", CONF_INT, AT(max_age), 0, NULL, 0, 31536000},
    {"credentials", CONF_BOOL, AT(credentials), 0, "false"},
    {"preflight_continue", CONF_BOOL, AT(preflight_continue), 0, "false"},
    {"private_network", CONF_BOOL, AT(private_network), 0, "false"},
    {"allow_origin_absent", CONF_BOOL, AT(allow_origin_absent), 0, "true"},
};
/* clang-format on */
static CONF_SCHEMA(cors_schema, struct cors_config, cors_fields);

/* An origin as browsers send it; anything else in the list is a pattern. */
static bool is_plain(struct str origin)
{
    for (size_t i = 0; i < origin.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:/_[]",
                    origin.p[i]))
            return false;
    return true;
}

static void free_pattern(void *arg)
{
    regfree(arg);
}

static void add_pattern(struct conf_decoder *d, struct cors_config *c, struct str origin)
{
    regex_t *re = &c->patterns[c->pattern_count];
    const char *anchored = arena_printf(d->arena, "^(%.*s)$", STR_ARG(origin));
    int rc = regcomp(re, anchored, REG_EXTENDED | REG_ICASE | REG_NOSUB);
    if (rc) {
        char why[128];
        regerror(rc, re, why, sizeof why);
        problem_add(d->problems, c->line, "cors: origin \"%.*s\" is no valid pattern: %s",
                    STR_ARG(origin), why);
        return;
    }
    arena_defer(d->arena, free_pattern, re);
    c->pattern_count++;
}

static struct str join(struct arena *a, const struct conf_list *list)
{
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < list->count; i++) {
        if (i)
            buf_add_char(&b, ',');
        buf_add_str(&b, ((const struct str *)list->items)[i]);
    }
    return buf_str(&b);
}

static void cors_prepare(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p)
{
    (void)f;
    struct cors_config *c = p->config;
    c->is_any = c->origins.count == 0;
    c->patterns = ARENA_ARRAY(d->arena, regex_t, c->origins.count + 1);
    for (size_t i = 0; i < c->origins.count; i++) {
        struct str origin = ((const struct str *)c->origins.items)[i];
        if (str_eq(origin, STR("*")))
            c->is_any = true;
        else if (!is_plain(origin))
            add_pattern(d, c, origin);
    }
    c->methods_text = join(d->arena, &c->methods);
    c->headers_text = join(d->arena, &c->headers);
    c->exposed_text = join(d->arena, &c->exposed_headers);
    if (c->max_age != CONF_NO_INT)
        c->max_age_text = str_printf(d->arena, "%lld", (long long)c->max_age);
}

static bool is_listed(const struct exchange *x, const struct cors_config *c, struct str origin)
{
    const struct str *items = c->origins.items;
    for (size_t i = 0; i < c->origins.count; i++)
        if (str_ieq(items[i], origin))
            return true;
    struct str rest = x ? x->gw->allowed_origins : STR_NULL, one;
    while (str_next(&rest, ',', &one))
        if (str_ieq(str_trim(one), origin))
            return true;
    char text[512];
    if (!c->pattern_count || origin.len >= sizeof text)
        return false;
    memcpy(text, origin.p, origin.len);
    text[origin.len] = '\0';
    for (size_t i = 0; i < c->pattern_count; i++)
        if (regexec(&c->patterns[i], text, 0, NULL, 0) == 0)
            return true;
    return false;
}

extern const struct plugin PLUGIN_CORS;

bool cors_lists(const struct kong_plugin *p, struct str origin)
{
    return p->plugin == &PLUGIN_CORS && is_listed(NULL, p->config, origin);
}

static enum plugin_verdict cors_access(struct exchange *x, const struct kong_plugin *p)
{
    const struct cors_config *c = p->config;
    bool is_preflight = x->method == KONG_OPTIONS && headers_get(&x->request, STR("origin")).p &&
                        headers_get(&x->request, STR("access-control-request-method")).p;
    if (!is_preflight || c->preflight_continue)
        return PLUGIN_NEXT;
    struct str asked = headers_get(&x->request, STR("access-control-request-headers"));
    exchange_set_response_header(x, STR("Access-Control-Allow-Methods"), c->methods_text);
    if (c->headers_text.len || asked.len)
        exchange_set_response_header(x, STR("Access-Control-Allow-Headers"),
                                     c->headers_text.len ? c->headers_text : asked);
    if (c->max_age_text.p)
        exchange_set_response_header(x, STR("Access-Control-Max-Age"), c->max_age_text);
    bool wants_private =
        c->private_network &&
        str_eq(headers_get(&x->request, STR("access-control-request-private-network")),
               STR("true"));
    if (wants_private)
        exchange_set_response_header(x, STR("Access-Control-Allow-Private-Network"), STR("true"));
    exchange_reply(x, 200, STR_NULL, STR_NULL);
    return PLUGIN_ANSWERED;
}

/* The services answer browsers on their own ports too; here only the gateway's word counts. */
static void drop_upstream_headers(struct exchange *x)
{
    headers_remove(&x->response, STR("access-control-allow-origin"));
    headers_remove(&x->response, STR("access-control-allow-credentials"));
    headers_remove(&x->response, STR("access-control-expose-headers"));
}

static void add_vary_origin(struct exchange *x)
{
    for (int i = 0; i < x->response.count; i++) {
        struct http_header *h = &x->response.items[i];
        if (h->name.len != 4 || !str_ieq(h->name, STR("vary")))
            continue;
        struct str rest = h->value, token;
        while (str_next(&rest, ',', &token))
            if (str_ieq(str_trim(token), STR("origin")) || str_eq(str_trim(token), STR("*")))
                return;
    }
    headers_add(x->arena, &x->response, STR("Vary"), STR("Origin"));
}

static void cors_response(struct exchange *x, const struct kong_plugin *p)
{
    const struct cors_config *c = p->config;
    struct str origin = headers_get(&x->request, STR("origin"));
    if (!x->is_local)
        drop_upstream_headers(x);
    if (c->is_any && !c->credentials) {
        if (origin.p || c->allow_origin_absent)
            exchange_set_response_header(x, STR("Access-Control-Allow-Origin"), STR("*"));
    } else {
        add_vary_origin(x);
        if (!origin.p || (!c->is_any && !is_listed(x, c, origin)))
            return;
        exchange_set_response_header(x, STR("Access-Control-Allow-Origin"), origin);
        if (c->credentials)
            exchange_set_response_header(x, STR("Access-Control-Allow-Credentials"), STR("true"));
    }
    if (c->exposed_text.len && x->method != KONG_OPTIONS)
        exchange_set_response_header(x, STR("Access-Control-Expose-Headers"), c->exposed_text);
}

const struct plugin PLUGIN_CORS = {
    .name = "cors",
    .priority = 2000,
    .schema = &cors_schema,
    .prepare = cors_prepare,
    .access = cors_access,
    .response = cors_response,
};
