#include "config/kong_link.h"

#include "routing/path.h"
#include "routing/pattern.h"
#include "strmap.h"

/* Duplicate names would make references ambiguous; every kind of entity has names of its own. */
static void check_unique(struct conf_decoder *d, struct strmap *seen, const char *kind,
                         struct str name, int line)
{
    if (!name.len)
        return;
    int *first = strmap_get(seen, name);
    if (first) {
        problem_add(d->problems, line, "%s \"%.*s\" is defined twice (first on line %d)", kind,
                    STR_ARG(name), *first);
        return;
    }
    int *copy = arena_alloc(d->arena, sizeof *copy);
    *copy = line;
    strmap_set(seen, name, copy);
}

static bool is_named(struct str ref, struct str name, struct str id)
{
    return (name.len && str_eq(ref, name)) || (id.len && str_eq(ref, id));
}

struct kong_service *kong_find_service(const struct kong_file *f, struct str ref)
{
    for (size_t i = 0; i < f->services.count; i++) {
        struct kong_service *s = LIST(struct kong_service, f->services, i);
        if (is_named(ref, s->name, s->id))
            return s;
    }
    return NULL;
}

struct kong_route *kong_find_route(const struct kong_file *f, struct str ref)
{
    for (size_t i = 0; i < f->route_count; i++)
        if (is_named(ref, f->all_routes[i]->name, f->all_routes[i]->id))
            return f->all_routes[i];
    return NULL;
}

struct kong_consumer *kong_find_consumer(const struct kong_file *f, struct str ref)
{
    for (size_t i = 0; i < f->consumers.count; i++) {
        struct kong_consumer *c = LIST(struct kong_consumer, f->consumers, i);
        if (is_named(ref, c->username, c->id))
            return c;
    }
    return NULL;
}

/* ---- services and routes ------------------------------------------------------------------ */

bool kong_split_address(struct str text, struct str *host, int *port)
{
    size_t host_end = text.len;
    if (str_has_prefix(text, STR("["))) {
        ptrdiff_t close = str_index(text, ']', 0);
        if (close < 2)
            return false;
        *host = str_slice(text, 1, (size_t)close);
        host_end = (size_t)close + 1;
    } else {
        ptrdiff_t colon = str_index(text, ':', 0);
        if (colon >= 0)
            host_end = (size_t)colon;
        *host = str_slice(text, 0, host_end);
    }
    if (!host->len)
        return false;
    if (host_end == text.len)
        return true;
    int64_t n;
    if (text.p[host_end] != ':' || !str_to_i64(str_slice(text, host_end + 1, text.len), &n) ||
        n < 1 || n > 65535)
        return false;
    *port = (int)n;
    return true;
}

static void split_url(struct conf_decoder *d, struct kong_service *s)
{
    struct str rest = s->url;
    if (str_has_prefix(rest, STR("https://"))) {
        problem_add(d->problems, s->line,
                    "service url: https is not supported; upstreams are reached over plain HTTP");
        return;
    }
    if (!str_has_prefix(rest, STR("http://"))) {
        problem_add(d->problems, s->line, "service url must begin with http://");
        return;
    }
    rest = str_slice(rest, 7, rest.len);
    ptrdiff_t slash = str_index(rest, '/', 0);
    if (slash >= 0) {
        s->path = str_slice(rest, (size_t)slash, rest.len);
        rest = str_slice(rest, 0, (size_t)slash);
    }
    int port = 80;
    if (!kong_split_address(rest, &s->host, &port))
        problem_add(d->problems, s->line, "service url: \"%.*s\" is not host:port", STR_ARG(rest));
    s->port = port;
}

static void link_service(struct conf_decoder *d, struct kong_service *s)
{
    if (s->url.p && s->host.p)
        problem_add(d->problems, s->line, "a service has either url or host, not both");
    else if (s->url.p)
        split_url(d, s);
    else if (!s->host.p)
        problem_add(d->problems, s->line, "a service needs url or host");
    if (s->path.p && !path_is_plain(s->path))
        problem_add(d->problems, s->line,
                    "service path \"%.*s\" must begin with / and be in "
                    "normal form",
                    STR_ARG(s->path));
    s->path = path_without_slash(s->path);
}

static void link_pattern(struct conf_decoder *d, struct kong_route *r, size_t i, struct str path)
{
    const char *why = "it must begin with ~/";
    struct str text = str_slice(path, 1, path.len);
    if (str_has_prefix(text, STR("/")) || str_has_prefix(text, STR("^/")))
        r->patterns[i] = pattern_new(d->arena, text, &why);
    if (!r->patterns[i])
        problem_add(d->problems, r->line, "route path \"%.*s\" is no valid expression: %s",
                    STR_ARG(path), why);
}

static void link_paths(struct conf_decoder *d, struct kong_route *r)
{
    r->patterns = ARENA_ARRAY(d->arena, struct pattern *, r->paths.count + 1);
    for (size_t i = 0; i < r->paths.count; i++) {
        struct str *p = LIST(struct str, r->paths, i);
        if (str_has_prefix(*p, STR("~")))
            link_pattern(d, r, i, *p);
        else if (!path_is_plain(*p))
            problem_add(d->problems, r->line,
                        "route path \"%.*s\" must begin with / and be in normal form", STR_ARG(*p));
    }
}

static void link_hosts(struct conf_decoder *d, struct kong_route *r)
{
    for (size_t i = 0; i < r->hosts.count; i++) {
        struct str *h = LIST(struct str, r->hosts, i);
        ptrdiff_t star = str_index(*h, '*', 0);
        bool is_edge =
            star == 0 ? str_has_prefix(*h, STR("*.")) : star > 0 && str_has_suffix(*h, STR(".*"));
        bool is_single = star < 0 || str_index(*h, '*', (size_t)star + 1) < 0;
        if ((star >= 0 && !is_edge) || !is_single)
            problem_add(d->problems, r->line,
                        "route host \"%.*s\": a wildcard is \"*.\" in front or \".*\" at the end",
                        STR_ARG(*h));
        *h = str_lower(d->arena, *h);
    }
}

static bool link_header(struct conf_decoder *d, const struct doc_pair *pair,
                        struct kong_header_match *out)
{
    const struct doc_node *v = pair->value;
    if (v->kind != DOC_LIST || !v->count)
        return false;
    *out = (struct kong_header_match){pair->key, ARENA_ARRAY(d->arena, struct str, v->count),
                                      v->count};
    for (size_t i = 0; i < v->count; i++) {
        if (v->items[i]->kind != DOC_SCALAR || v->items[i]->type != DOC_TEXT)
            return false;
        out->values[i] = v->items[i]->text;
    }
    return true;
}

static void link_headers(struct conf_decoder *d, struct kong_route *r)
{
    const struct doc_node *n = r->headers_node;
    if (!n)
        return;
    if (n->kind != DOC_MAP) {
        problem_add(d->problems, n->line, "route headers must be a mapping, not %s",
                    doc_describe(n));
        return;
    }
    r->headers = ARENA_ARRAY(d->arena, struct kong_header_match, n->count + 1);
    for (size_t i = 0; i < n->count; i++)
        if (link_header(d, &n->pairs[i], &r->headers[r->header_count]))
            r->header_count++;
        else
            problem_add(d->problems, n->pairs[i].line,
                        "route header \"%.*s\" must be a list of strings",
                        STR_ARG(n->pairs[i].key));
}

static void link_redirect(struct conf_decoder *d, const struct kong_route *r)
{
    static const int64_t codes[] = {426, 301, 302, 307, 308};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (r->https_redirect_status_code == codes[i])
            return;
    problem_add(d->problems, r->line,
                "https_redirect_status_code must be one of 426, 301, 302, 307, 308");
}

static void link_route(struct conf_decoder *d, struct kong_file *f, struct kong_route *r)
{
    if (!r->service) {
        r->service = r->service_ref.p ? kong_find_service(f, r->service_ref) : NULL;
        if (!r->service && r->service_ref.p)
            problem_add(d->problems, r->line, "service \"%.*s\" does not exist",
                        STR_ARG(r->service_ref));
        else if (!r->service)
            problem_add(d->problems, r->line, "a route needs a service");
    } else if (r->service_ref.p) {
        problem_add(d->problems, r->line, "a route inside a service must not name a service");
    }
    if (!r->paths.count && !r->hosts.count && !r->methods.count && !r->headers_node)
        problem_add(d->problems, r->line, "a route needs paths, hosts, methods or headers");
    link_redirect(d, r);
    link_paths(d, r);
    link_hosts(d, r);
    link_headers(d, r);
    for (size_t i = 0; i < r->methods.count; i++)
        r->method_mask |= kong_method_of(*LIST(struct str, r->methods, i));
    static const struct {
        struct str name;
        unsigned bit;
    } protocols[] = {{STR("http"), KONG_HTTP},
                     {STR("https"), KONG_HTTPS},
                     {STR("ws"), KONG_WS},
                     {STR("wss"), KONG_WSS}};
    for (size_t i = 0; i < r->protocols.count; i++)
        for (size_t k = 0; k < 4; k++)
            if (str_eq(*LIST(struct str, r->protocols, i), protocols[k].name))
                r->protocol_mask |= protocols[k].bit;
}

static void collect_routes(struct conf_decoder *d, struct kong_file *f)
{
    size_t n = f->routes.count;
    for (size_t i = 0; i < f->services.count; i++)
        n += LIST(struct kong_service, f->services, i)->routes.count;
    f->all_routes = ARENA_ARRAY(d->arena, struct kong_route *, n + 1);
    for (size_t i = 0; i < f->services.count; i++) {
        struct kong_service *s = LIST(struct kong_service, f->services, i);
        for (size_t k = 0; k < s->routes.count; k++) {
            struct kong_route *r = LIST(struct kong_route, s->routes, k);
            r->service = s;
            f->all_routes[f->route_count++] = r;
        }
    }
    for (size_t i = 0; i < f->routes.count; i++)
        f->all_routes[f->route_count++] = LIST(struct kong_route, f->routes, i);
    for (size_t i = 0; i < f->route_count; i++)
        f->all_routes[i]->index = (int)i;
}

static void link_routing(struct conf_decoder *d, struct kong_file *f)
{
    struct strmap *services = strmap_new(), *routes = strmap_new();
    for (size_t i = 0; i < f->services.count; i++) {
        struct kong_service *s = LIST(struct kong_service, f->services, i);
        check_unique(d, services, "service", s->name, s->line);
        link_service(d, s);
    }
    collect_routes(d, f);
    for (size_t i = 0; i < f->route_count; i++) {
        check_unique(d, routes, "route", f->all_routes[i]->name, f->all_routes[i]->line);
        link_route(d, f, f->all_routes[i]);
    }
    strmap_free(services);
    strmap_free(routes);
}

/* ---- upstreams ---------------------------------------------------------------------------- */

static bool is_upstream(const struct kong_file *f, struct str ref, struct str *name)
{
    for (size_t i = 0; i < f->upstreams.count; i++) {
        const struct kong_upstream *u = LIST(struct kong_upstream, f->upstreams, i);
        if (is_named(ref, u->name, u->id)) {
            *name = u->name;
            return true;
        }
    }
    return false;
}

static void link_target(struct conf_decoder *d, struct kong_file *f, struct kong_target *t)
{
    t->port = 8000; /* Kong's default */
    if (!kong_split_address(t->target, &t->host, &t->port))
        problem_add(d->problems, t->line, "target \"%.*s\" is not host:port", STR_ARG(t->target));
    f->all_targets[f->target_count++] = t;
}

/* It is put into a request line as it is. */
static void check_http_path(struct conf_decoder *d, const struct kong_health_active *a)
{
    bool is_path = a->http_path.len && a->http_path.p[0] == '/';
    for (size_t i = 0; i < a->http_path.len; i++)
        is_path &= a->http_path.p[i] > ' ' && a->http_path.p[i] <= '~';
    if (!is_path)
        problem_add(d->problems, a->line,
                    "healthchecks.active.http_path must begin with \"/\" and hold no blanks");
}

static void check_hash(struct conf_decoder *d, const struct kong_upstream *u)
{
    const struct {
        struct str input, header, query_arg;
        const char *name;
    } both[] = {
        {u->hash_on, u->hash_on_header, u->hash_on_query_arg, "hash_on"},
        {u->hash_fallback, u->hash_fallback_header, u->hash_fallback_query_arg, "hash_fallback"},
    };
    for (size_t i = 0; i < 2; i++) {
        if (str_eq(both[i].input, STR("header")) && !both[i].header.p)
            problem_add(d->problems, u->line, "%s header needs %s_header", both[i].name,
                        both[i].name);
        if (str_eq(both[i].input, STR("query_arg")) && !both[i].query_arg.p)
            problem_add(d->problems, u->line, "%s query_arg needs %s_query_arg", both[i].name,
                        both[i].name);
    }
    if (str_eq(u->algorithm, STR("consistent-hashing")) && str_eq(u->hash_on, STR("none")))
        problem_add(d->problems, u->line, "consistent-hashing needs hash_on");
}

static void link_upstreams(struct conf_decoder *d, struct kong_file *f)
{
    struct strmap *names = strmap_new();
    size_t n = f->targets.count;
    for (size_t i = 0; i < f->upstreams.count; i++)
        n += LIST(struct kong_upstream, f->upstreams, i)->targets.count;
    f->all_targets = ARENA_ARRAY(d->arena, struct kong_target *, n + 1);
    for (size_t i = 0; i < f->upstreams.count; i++) {
        struct kong_upstream *u = LIST(struct kong_upstream, f->upstreams, i);
        check_unique(d, names, "upstream", u->name, u->line);
        check_http_path(d, &u->healthchecks.active);
        check_hash(d, u);
        for (size_t k = 0; k < u->targets.count; k++) {
            struct kong_target *t = LIST(struct kong_target, u->targets, k);
            if (t->upstream_ref.p)
                problem_add(d->problems, t->line,
                            "a target inside an upstream must not name an upstream");
            t->upstream_ref = u->name;
            link_target(d, f, t);
        }
    }
    for (size_t i = 0; i < f->targets.count; i++) {
        struct kong_target *t = LIST(struct kong_target, f->targets, i);
        if (!t->upstream_ref.p || !is_upstream(f, t->upstream_ref, &t->upstream_ref))
            problem_add(d->problems, t->line, "a target needs the name of an upstream");
        link_target(d, f, t);
    }
    strmap_free(names);
}

/* ---- consumers ---------------------------------------------------------------------------- */

static void link_consumers(struct conf_decoder *d, struct kong_file *f)
{
    struct strmap *names = strmap_new(), *keys = strmap_new();
    size_t n = f->jwt_secrets.count;
    for (size_t i = 0; i < f->consumers.count; i++)
        n += LIST(struct kong_consumer, f->consumers, i)->jwt_secrets.count;
    f->all_secrets = ARENA_ARRAY(d->arena, struct kong_jwt_secret *, n + 1);
    for (size_t i = 0; i < f->consumers.count; i++) {
        struct kong_consumer *c = LIST(struct kong_consumer, f->consumers, i);
        if (!c->username.p && !c->custom_id.p)
            problem_add(d->problems, c->line, "a consumer needs username or custom_id");
        check_unique(d, names, "consumer", c->username, c->line);
        for (size_t k = 0; k < c->jwt_secrets.count; k++) {
            struct kong_jwt_secret *s = LIST(struct kong_jwt_secret, c->jwt_secrets, k);
            s->consumer = c;
            f->all_secrets[f->secret_count++] = s;
        }
    }
    for (size_t i = 0; i < f->jwt_secrets.count; i++) {
        struct kong_jwt_secret *s = LIST(struct kong_jwt_secret, f->jwt_secrets, i);
        s->consumer = s->consumer_ref.p ? kong_find_consumer(f, s->consumer_ref) : NULL;
        if (!s->consumer)
            problem_add(d->problems, s->line, "a jwt secret needs the name of a consumer");
        f->all_secrets[f->secret_count++] = s;
    }
    for (size_t i = 0; i < f->secret_count; i++)
        check_unique(d, keys, "jwt secret", f->all_secrets[i]->key, f->all_secrets[i]->line);
    strmap_free(names);
    strmap_free(keys);
}

void kong_link(struct conf_decoder *d, struct kong_file *f)
{
    link_routing(d, f);
    link_upstreams(d, f);
    link_consumers(d, f);
    kong_link_plugins(d, f);
}
