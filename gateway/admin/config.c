#include "admin/config.h"

#include <stdlib.h>

#include "admin/entity.h"
#include "cidr.h"
#include "config/reload.h"
#include "config/snapshot.h"
#include "encode.h"
#include "service.h"

static struct gateway *gateway_of(const struct req *r)
{
    return req_service(r)->state;
}

/* Kong answers its file as YAML text inside JSON. JSON is YAML, so the export is written as JSON.
 */
enum err config_get(struct req *r)
{
    struct buf text;
    struct json_writer inner, *w = req_json_begin(r);
    buf_init(&text, r->arena);
    jw_init(&inner, &text);
    entity_file(&inner, gateway_of(r)->snapshot->file);
    jw_object(w);
    JW_STR(w, "config", buf_str(&text));
    JW_STR(w, "config_hash", str_from(gateway_of(r)->snapshot->hash));
    jw_end_object(w);
    return req_json_end(r, 200);
}

/* ---- what was sent -------------------------------------------------------------------------- */

static struct str media_type(struct req *r)
{
    struct str rest = req_header(r, "content-type"), type;
    return rest.p && str_next(&rest, ';', &type) ? str_trim(type) : STR("");
}

/* The part "config" of a form made by curl -F config=@kong.yml (RFC 7578). */
static struct str from_form(struct req *r, struct str body)
{
    struct str type = req_header(r, "content-type"), boundary;
    ptrdiff_t at = str_find(type, STR("boundary="));
    if (at < 0)
        return STR_NULL;
    type = str_slice(type, (size_t)at + 9, type.len);
    if (!str_next(&type, ';', &boundary))
        return STR_NULL;
    boundary = str_trim(boundary);
    if (boundary.len > 1 && boundary.p[0] == '"')
        boundary = str_slice(boundary, 1, boundary.len - 1);
    struct str mark = str_printf(r->arena, "--%.*s", STR_ARG(boundary));
    struct str end = str_printf(r->arena, "\r\n%.*s", STR_ARG(mark));
    while ((at = str_find(body, mark)) >= 0) {
        body = str_slice(body, (size_t)at + mark.len, body.len);
        ptrdiff_t head = str_find(body, STR("\r\n\r\n")), stop = str_find(body, end);
        if (head < 0 || stop < head + 4)
            return STR_NULL;
        if (str_find(str_slice(body, 0, (size_t)head), STR("name=\"config\"")) >= 0)
            return str_slice(body, (size_t)head + 4, (size_t)stop);
    }
    return STR_NULL;
}

/* The configuration's text: {"config": "…"} as Kong takes it, a form, or the body itself. */
static struct str posted_text(struct req *r)
{
    struct str body = req_body_text(r), type = media_type(r), text;
    const struct json *doc = NULL;
    const char *why;
    if (str_ieq(type, STR("multipart/form-data")))
        return from_form(r, body);
    if (str_ieq(type, STR("application/x-www-form-urlencoded")) &&
        str_has_prefix(body, STR("config=")))
        return percent_decode(r->arena, str_slice(body, 7, body.len), true, &text) ? text
                                                                                   : STR_NULL;
    struct str trimmed = str_trim(body);
    if (trimmed.len && trimmed.p[0] == '{' && json_parse(r->arena, body, &doc, &why) == ERR_OK) {
        text = json_str(json_get(doc, "config"));
        if (text.p)
            return text;
    }
    return body;
}

/* ---- POST ----------------------------------------------------------------------------------- */

/* The API has no accounts: being on this machine is the permission, and a page in a browser on it
 * is not meant by that. */
static bool may_post(struct req *r)
{
    struct cidr loopback[2];
    if (!cidr_parse(STR("127.0.0.0/8"), &loopback[0]) || !cidr_parse(STR("::1"), &loopback[1]))
        return false;
    struct cidr_list list = {loopback, 2};
    return cidr_list_has(&list, r->peer) && !req_header(r, "origin").p &&
           !req_header(r, "sec-fetch-site").p;
}

static enum err refuse(struct req *r, enum err rc, struct str problems)
{
    struct buf b;
    struct json_writer w;
    struct str line;
    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_array(&w);
    while (problems.len && str_next(&problems, '\n', &line))
        if (line.len)
            jw_str(&w, line);
    jw_end_array(&w);
    req_detail(r, "problems", buf_str(&b));
    return req_failf(r, rc, "declarative config is invalid");
}

enum err config_post(struct req *r)
{
    struct gateway *gw = gateway_of(r);
    if (!may_post(r))
        return req_failf(r, ERR_FORBIDDEN, "only programs on this machine may do that");
    struct str text = posted_text(r);
    if (!text.len)
        return req_failf(r, ERR_INVALID_INPUT, "expected a declarative configuration");
    char *problems = NULL;
    size_t size = 0;
    FILE *err = open_memstream(&problems, &size);
    enum err rc = reload_post(gw, text, err);
    fclose(err);
    struct str lines = str_dup(r->arena, str_n(problems, size));
    free(problems);
    if (rc)
        return refuse(r, rc, lines);
    struct json_writer *w = req_json_begin(r);
    entity_file(w, gw->snapshot->file);
    req_set_header(r, "X-Config-Hash", str_from(gw->snapshot->hash));
    return req_json_end(r, 201);
}
