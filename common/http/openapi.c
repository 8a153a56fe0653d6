/* The OpenAPI 3.1 document of a route table. */
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "route.h"
#include "strmap.h"

#define MAX_ERRORS 24

struct document {
    struct json_writer *w;
    const struct route_table *table;
    const char *(*permission_name)(int permission);
    struct arena *arena;
    struct strmap *schemas; /* by component name */
};

/* ---- paths -------------------------------------------------------------------------------- */

/* The pattern without its trailing slash, "{rest*}" as "{rest}". */
static struct str path_of(struct document *d, const struct route *r)
{
    char *out = arena_strdup(d->arena, r->pattern);
    size_t n = 0;
    for (const char *p = r->pattern; *p; p++)
        if (*p != '*')
            out[n++] = *p;
    if (n > 1 && out[n - 1] == '/')
        n--;
    return str_n(out, n);
}

/* Paths that differ only in the names of their parameters are one path to OpenAPI. */
static bool is_same_path(struct str a, struct str b)
{
    struct str x, y;
    while (a.p && b.p) {
        (void)str_next(&a, '/', &x);
        (void)str_next(&b, '/', &y);
        bool are_params = x.len && y.len && x.p[0] == '{' && y.p[0] == '{';
        if (!are_params && !str_eq(x, y))
            return false;
    }
    return !a.p && !b.p;
}

static bool is_visible(const struct route *r)
{
    return !(r->flags & ROUTE_HIDDEN);
}

static void write_path_parameters(struct json_writer *w, struct str path)
{
    struct str rest = path, segment;
    while (str_next(&rest, '/', &segment)) {
        if (segment.len < 2 || segment.p[0] != '{')
            continue;
        jw_object(w);
        JW_STR(w, "name", str_slice(segment, 1, segment.len - 1));
        JW_STR(w, "in", STR("path"));
        JW_BOOL(w, "required", true);
        JW_KEY(w, "schema");
        jw_object(w);
        JW_STR(w, "type", STR("string"));
        jw_end_object(w);
        jw_end_object(w);
    }
}

static void write_query_parameters(struct json_writer *w, const struct json_schema *query)
{
    for (size_t i = 0; query && i < query->count; i++) {
        const struct json_field *f = &query->fields[i];
        jw_object(w);
        JW_STR(w, "name", str_from(f->name));
        JW_STR(w, "in", STR("query"));
        JW_BOOL(w, "required", (f->flags & JF_REQUIRED) != 0);
        if (f->doc)
            JW_STR(w, "description", str_from(f->doc));
        JW_KEY(w, "schema");
        json_field_describe(w, f);
        jw_end_object(w);
    }
}

static void write_parameters(struct json_writer *w, const struct route *r, struct str path)
{
    if (!r->query && str_index(path, '{', 0) < 0)
        return;
    JW_KEY(w, "parameters");
    jw_array(w);
    write_path_parameters(w, path);
    write_query_parameters(w, r->query);
    jw_end_array(w);
}

/* ---- bodies ------------------------------------------------------------------------------- */

static void write_ref(struct document *d, const char *name)
{
    jw_object(d->w);
    JW_STR(d->w, "$ref", str_printf(d->arena, "#/components/schemas/%s", name));
    jw_end_object(d->w);
}

/* "content": {type: {"schema": …}}; without a schema any value of that type. */
static void write_content(struct document *d, const char *type, const struct json_schema *schema)
{
    struct json_writer *w = d->w;
    JW_KEY(w, "content");
    jw_object(w);
    jw_key(w, str_from(type));
    jw_object(w);
    if (schema) {
        strmap_set(d->schemas, str_from(schema->name), (void *)(uintptr_t)schema);
        JW_KEY(w, "schema");
        write_ref(d, schema->name);
    }
    jw_end_object(w);
    jw_end_object(w);
}

static void write_request_body(struct document *d, const struct route *r)
{
    bool is_json = r->body || (r->flags & ROUTE_RAW_JSON);
    if (!is_json && !(r->flags & ROUTE_STREAM))
        return;
    JW_KEY(d->w, "requestBody");
    jw_object(d->w);
    JW_BOOL(d->w, "required", !(r->flags & ROUTE_BODY_OPTIONAL));
    write_content(d, is_json ? "application/json" : "*/*", r->body);
    jw_end_object(d->w);
}

/* ---- answers ------------------------------------------------------------------------------ */

struct error_set {
    enum err errors[MAX_ERRORS];
    int count;
};

static void add_error(struct error_set *set, enum err e)
{
    for (int i = 0; i < set->count; i++)
        if (set->errors[i] == e)
            return;
    if (set->count < MAX_ERRORS)
        set->errors[set->count++] = e;
}

/* What the table itself makes the server answer. */
static void add_implied_errors(struct error_set *set, const struct route *r)
{
    if (r->query || r->body || (r->flags & (ROUTE_RAW_JSON | ROUTE_STREAM)))
        add_error(set, ERR_INVALID_INPUT);
    if (r->auth != AUTH_NONE)
        add_error(set, ERR_UNAUTHENTICATED);
    if (r->permission || r->auth == AUTH_SERVICE || (r->flags & ROUTE_LOGIN))
        add_error(set, ERR_FORBIDDEN);
    if (r->body || (r->flags & (ROUTE_RAW_JSON | ROUTE_STREAM)))
        add_error(set, ERR_PAYLOAD_TOO_LARGE);
    if (r->body || (r->flags & ROUTE_RAW_JSON))
        add_error(set, ERR_UNSUPPORTED_MEDIA_TYPE);
    if (r->body || r->query)
        add_error(set, ERR_VALIDATION_ERROR);
    if (r->flags & ROUTE_UPGRADE)
        add_error(set, ERR_UPGRADE_REQUIRED);
}

static const char *text_of(const struct route *r, enum err e)
{
    for (const struct route_text *t = r->texts; t && t->text; t++)
        if (t->err == e)
            return t->text;
    return err_text(e);
}

/* One response for all errors of a status: "CODE: text; CODE: text". */
static void write_error_response(struct document *d, const struct route *r,
                                 const struct error_set *set, int status)
{
    struct buf text;
    buf_init(&text, d->arena);
    for (int i = 0; i < set->count; i++)
        if (err_http_status(set->errors[i]) == status)
            buf_printf(&text, "%s%s: %s", text.len ? "; " : "", err_code(set->errors[i]),
                       text_of(r, set->errors[i]));
    jw_key(d->w, str_printf(d->arena, "%d", status));
    jw_object(d->w);
    JW_STR(d->w, "description", buf_str(&text));
    JW_KEY(d->w, "content");
    jw_object(d->w);
    JW_KEY(d->w, "application/json");
    jw_object(d->w);
    JW_KEY(d->w, "schema");
    write_ref(d, "Error");
    jw_end_object(d->w);
    jw_end_object(d->w);
    jw_end_object(d->w);
}

static void write_responses(struct document *d, const struct route *r)
{
    struct json_writer *w = d->w;
    struct error_set set = {.count = 0};
    int success = r->flags & ROUTE_UPGRADE ? 101 : r->success ? r->success : 200;
    JW_KEY(w, "responses");
    jw_object(w);
    jw_key(w, str_printf(d->arena, "%d", success));
    jw_object(w);
    JW_STR(w, "description", success == 101 ? STR("Switching to WebSocket") : STR("Success"));
    if (r->reply)
        write_content(d, "application/json", r->reply);
    jw_end_object(w);
    add_implied_errors(&set, r);
    for (const enum err *e = r->errors; e && *e != ERR_OK; e++)
        add_error(&set, *e);
    for (int status = 400; status < 600; status++)
        for (int i = 0; i < set.count; i++)
            if (err_http_status(set.errors[i]) == status) {
                write_error_response(d, r, &set, status);
                break;
            }
    jw_end_object(w);
}

/* ---- operations --------------------------------------------------------------------------- */

static void write_scheme(struct json_writer *w, const char *scheme)
{
    jw_object(w);
    if (scheme) {
        jw_key(w, str_from(scheme));
        jw_array(w);
        jw_end_array(w);
    }
    jw_end_object(w);
}

static void write_security(struct json_writer *w, const struct route *r)
{
    enum route_auth auth = r->auth;
    JW_KEY(w, "security");
    jw_array(w);
    if (auth == AUTH_OPTIONAL)
        write_scheme(w, NULL);
    if (auth == AUTH_OPTIONAL || auth == AUTH_USER || auth == AUTH_ANY) {
        write_scheme(w, "bearer");
        write_scheme(w, "cookie");
        if (!(r->flags & ROUTE_LOGIN))
            write_scheme(w, "apiToken");
    }
    if (auth == AUTH_SERVICE || auth == AUTH_ANY)
        write_scheme(w, "service");
    jw_end_array(w);
}

/* "get_api_v1_tickets_by_number" from GET /api/v1/tickets/{number} */
static struct str operation_id(struct document *d, const struct route *r, struct str path)
{
    struct buf b;
    buf_init(&b, d->arena);
    buf_add_str(&b, str_lower(d->arena, str_from(r->method)));
    bool is_gap = true;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.p[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (is_word && is_gap)
            buf_add_char(&b, '_');
        if (is_word)
            buf_add_char(&b, c);
        if (c == '{')
            BUF_LIT(&b, "_by");
        is_gap = !is_word;
    }
    return buf_str(&b);
}

/* The resource a path is about: its first segment behind "api" and the version. */
static struct str tag_of(struct str path)
{
    struct str rest = path, segment;
    while (str_next(&rest, '/', &segment)) {
        bool is_version = segment.len == 2 && segment.p[0] == 'v';
        if (segment.len && segment.p[0] != '{' && !is_version && !str_eq(segment, STR("api")))
            return segment;
    }
    return STR("root");
}

static void write_operation(struct document *d, const struct route *r, struct str path)
{
    struct json_writer *w = d->w;
    jw_key(w, str_lower(d->arena, str_from(r->method)));
    jw_object(w);
    JW_STR(w, "operationId", operation_id(d, r, path));
    JW_KEY(w, "tags");
    jw_array(w);
    jw_str(w, tag_of(path));
    jw_end_array(w);
    if (r->summary)
        JW_STR(w, "summary", str_from(r->summary));
    if (r->permission && d->permission_name)
        JW_STR(w, "x-permission", str_from(d->permission_name(r->permission)));
    write_security(w, r);
    write_parameters(w, r, path);
    write_request_body(d, r);
    write_responses(d, r);
    jw_end_object(w);
}

static bool is_first_of_path(struct document *d, size_t index, struct str path)
{
    for (size_t i = 0; i < index; i++) {
        const struct route *r = route_table_at(d->table, i);
        if (is_visible(r) && is_same_path(path_of(d, r), path))
            return false;
    }
    return true;
}

static void write_paths(struct document *d)
{
    const struct route *r, *other;
    JW_KEY(d->w, "paths");
    jw_object(d->w);
    for (size_t i = 0; (r = route_table_at(d->table, i)); i++) {
        struct str path = path_of(d, r);
        if (!is_visible(r) || !is_first_of_path(d, i, path))
            continue;
        jw_key(d->w, path);
        jw_object(d->w);
        for (size_t k = i; (other = route_table_at(d->table, k)); k++)
            if (is_visible(other) && is_same_path(path_of(d, other), path))
                write_operation(d, other, path);
        jw_end_object(d->w);
    }
    jw_end_object(d->w);
}

/* ---- components --------------------------------------------------------------------------- */

static const char ERROR_SCHEMA[] =
    "{\"type\":\"object\",\"required\":[\"status\",\"code\",\"message\",\"error\",\"details\","
    "\"timestamp\"],\"properties\":{\"status\":{\"type\":\"string\",\"const\":\"error\"},"
    "\"code\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},"
    "\"error\":{\"type\":\"string\",\"description\":\"The same text as message\"},"
    "\"details\":{\"type\":\"object\",\"properties\":{\"trace_id\":{\"type\":\"string\"},"
    "\"fields\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}}},"
    "\"timestamp\":{\"type\":\"string\",\"format\":\"date-time\"}}}";

static const char SECURITY_SCHEMES[] =
    "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\"},"
    "\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"access_token\"},"
    "\"apiToken\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"tts_…\","
    "\"description\":\"Personal API token; needs x-permission among its scopes\"},"
    "\"service\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\","
    "\"description\":\"Short-lived token of a fleet program\"}}";

static int by_name(const void *a, const void *b)
{
    const struct json_schema *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static void write_components(struct document *d)
{
    struct json_writer *w = d->w;
    size_t count = strmap_count(d->schemas), n = 0, it = 0;
    const struct json_schema **schemas =
        ARENA_ARRAY(d->arena, const struct json_schema *, count + 1);
    struct str name;
    void *value;
    while (strmap_next(d->schemas, &it, &name, &value))
        schemas[n++] = value;
    qsort(schemas, n, sizeof *schemas, by_name);
    JW_KEY(w, "components");
    jw_object(w);
    JW_KEY(w, "schemas");
    jw_object(w);
    JW_RAW(w, "Error", str_from(ERROR_SCHEMA));
    for (size_t i = 0; i < n; i++) {
        jw_key(w, str_from(schemas[i]->name));
        json_schema_describe(w, schemas[i]);
    }
    jw_end_object(w);
    JW_RAW(w, "securitySchemes", str_from(SECURITY_SCHEMES));
    jw_end_object(w);
}

void openapi_write(struct json_writer *w, const struct route_table *t, const char *title,
                   const char *version, const char *(*permission_name)(int permission))
{
    struct document d = {w, t, permission_name, arena_new(), strmap_new()};
    jw_object(w);
    JW_STR(w, "openapi", STR("3.1.0"));
    JW_KEY(w, "info");
    jw_object(w);
    JW_STR(w, "title", str_from(title));
    JW_STR(w, "version", str_from(version));
    jw_end_object(w);
    write_paths(&d);
    write_components(&d);
    jw_end_object(w);
    strmap_free(d.schemas);
    arena_free(d.arena);
}
