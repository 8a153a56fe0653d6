#include "api/definition_file.h"

#include "actor.h"
#include "api/definition_json.h"
#include "api/definitions.h"
#include "doc_json.h"
#include "service.h"
#include "store/definition_store.h"
#include "write_run.h"

/* ---- out ---------------------------------------------------------------------------------- */

struct export_query {
    struct str format;
    int64_t version;
    int8_t draft;
};

static const struct json_field EXPORT_FIELDS[] = {
    {.name = "format",
     .kind = JK_ENUM,
     .offset = offsetof(struct export_query, format),
     .choices = "json|yaml",
     .doc = "else what Accept prefers, else json"},
    {.name = "version",
     .kind = JK_INT,
     .offset = offsetof(struct export_query, version),
     .min = 1,
     .max = INT32_MAX},
    {.name = "draft",
     .kind = JK_BOOL,
     .offset = offsetof(struct export_query, draft),
     .doc = "the draft, if there is one"},
};
JSON_SCHEMA(EXPORT_QUERY, "WorkflowExportQuery", struct export_query, EXPORT_FIELDS);

static bool wants_yaml(struct req *r, const struct export_query *q)
{
    if (q->format.len)
        return str_eq(q->format, STR("yaml"));
    struct str accept = str_lower(r->arena, req_header(r, "Accept"));
    return str_find(accept, STR("yaml")) >= 0 && str_find(accept, STR("json")) < 0;
}

/* Letters, digits and dashes of the name, for a file's. */
static struct str slug(struct arena *a, struct str name)
{
    struct buf b;
    buf_init(&b, a);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_word)
            buf_add_char(&b, c);
        else if (b.len && b.p[b.len - 1] != '-')
            buf_add_char(&b, '-');
    }
    while (b.len && b.p[b.len - 1] == '-')
        b.len--;
    return b.len ? buf_str(&b) : STR("workflow");
}

static enum err reply_file(struct req *r, const struct loaded *w, bool is_yaml)
{
    struct str text = definition_text(r->arena, &w->definition);
    if (is_yaml) {
        const struct json *v;
        const char *why;
        enum err rc = json_parse(r->arena, text, &v, &why);
        text = rc ? STR_NULL : doc_from_json(r->arena, v);
        if (!text.p)
            return req_fail(r, ERR_INTERNAL_ERROR);
    }
    req_set_header(r, "Content-Disposition",
                   str_printf(r->arena, "attachment; filename=\"%.*s.%s\"",
                              STR_ARG(slug(r->arena, w->head.name)), is_yaml ? "yaml" : "json"));
    req_set_header(r, "Vary", STR("Accept"));
    return req_reply(r, 200, is_yaml ? "application/yaml" : "application/json", text);
}

enum err definition_file_export(struct req *r)
{
    const struct export_query *q = r->query_args;
    struct which which = {req_param(r, "workflow_id"), q->version, q->draft == JSON_TRUE};
    struct db_session *s;
    struct loaded w;
    enum err rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = definition_load(s, &which, &w);
    return rc ? req_fail(r, rc) : reply_file(r, &w, wants_yaml(r, q));
}

/* ---- in ----------------------------------------------------------------------------------- */

struct import_query {
    int8_t replace, publish;
};

static const struct json_field IMPORT_FIELDS[] = {
    {.name = "replace",
     .kind = JK_BOOL,
     .offset = offsetof(struct import_query, replace),
     .doc = "a workflow of the name gets the file as its draft; else that is a conflict"},
    {.name = "publish",
     .kind = JK_BOOL,
     .offset = offsetof(struct import_query, publish),
     .doc = "at once"},
};
JSON_SCHEMA(IMPORT_QUERY, "WorkflowImportQuery", struct import_query, IMPORT_FIELDS);

/* A file as it came. */
struct file {
    const struct json *json;
    const struct doc_node *yaml; /* NULL: it is JSON */
    struct definition_body body;
    struct definition definition;
};

static void add_line(struct req *r, const struct file *f, struct str field, const char *message)
{
    if (f->yaml)
        message = arena_printf(r->arena, "line %d: %s", doc_line(f->yaml, field), message);
    req_field_error(r, str_cstr(r->arena, field), message);
}

static enum err read_json(struct req *r, struct str text, struct file *f)
{
    const char *why;
    if (json_parse(r->arena, text, &f->json, &why) == ERR_OK)
        return ERR_OK;
    return req_failf(r, ERR_INVALID_INPUT, "Malformed JSON: %s", why);
}

static enum err read_yaml(struct req *r, struct file *f)
{
    static const struct doc_options FOREIGN = {.is_foreign = true};
    struct problem_list problems;
    problem_list_init(&problems, r->arena, "file");
    f->yaml = doc_parse(r->arena, req_body_text(r), &FOREIGN, &problems);
    if (problems.count || !f->yaml) {
        const struct problem *p = problems.first;
        req_detail(r, "line", str_printf(r->arena, "%d", p ? p->line : 0));
        return req_failf(r, ERR_INVALID_INPUT, "Malformed YAML, line %d: %.*s", p ? p->line : 0,
                         STR_ARG(p ? p->text : STR("unreadable")));
    }
    return read_json(r, doc_to_json(r->arena, f->yaml), f);
}

static bool is_yaml_type(struct str type)
{
    return str_ieq(type, STR("application/yaml")) || str_ieq(type, STR("application/x-yaml")) ||
           str_ieq(type, STR("text/yaml")) || str_ieq(type, STR("text/x-yaml"));
}

static enum err read_file(struct req *r, struct file *f)
{
    struct str rest = req_header(r, "Content-Type"), type = STR("");
    struct json_problem *problems = NULL;
    (void)str_next(&rest, ';', &type);
    type = str_trim(type);
    if (!is_yaml_type(type) && !str_ieq(type, STR("application/json")))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    enum err rc = is_yaml_type(type) ? read_yaml(r, f) : read_json(r, req_body_text(r), f);
    if (rc || req_is_answered(r))
        return rc;
    if (json_type(f->json) != JSON_OBJECT)
        return req_failf(r, ERR_INVALID_INPUT, "The file must hold one object");
    rc = json_decode(r->arena, &DEFINITION_FILE, f->json, &f->body, &problems);
    for (const struct json_problem *p = problems; p; p = p->next)
        add_line(r, f, p->field, p->message);
    if (rc == ERR_OK)
        f->definition = definition_of(r->arena, &f->body);
    return rc;
}

/* The workflow of the file's name, new or locked. */
static enum err CO_FN place(struct req *r, struct db_session *s, const struct file *f,
                            struct str *public_id, int64_t *workflow_id, bool *is_new)
{
    const struct import_query *q = r->query_args;
    const struct definition *d = &f->definition;
    struct workflow_head head;
    struct str draft;
    enum err rc = workflow_store_by_name(s, d->name, public_id);
    if (rc)
        return rc;
    *is_new = !public_id->p;
    if (*is_new)
        return definition_add(s, d, r->actor->user_id, r->now, workflow_id, public_id);
    if (q->replace != JSON_TRUE)
        return ERR_DUPLICATE_RESOURCE;
    rc = definition_lock(s, *public_id, &head, &draft);
    if (rc == ERR_OK)
        rc = write_check_match(r, head.revision);
    if (rc)
        return rc;
    struct draft_write w = {d, definition_text(r->arena, d), r->actor->user_id, r->now};
    *workflow_id = head.workflow_id;
    return definition_store_draft(s, head.workflow_id, &w);
}

static enum err CO_FN publish(struct req *r, struct db_session *s, const struct file *f,
                              int64_t workflow_id)
{
    struct definition_problem *problems;
    enum err rc = definition_problems(s, &f->definition, workflow_id, &problems);
    if (rc)
        return rc;
    for (const struct definition_problem *p = problems; p; p = p->next)
        add_line(r, f, p->where, p->message);
    if (problems)
        return ERR_VALIDATION_ERROR;
    return definition_store_publish(s, workflow_id, &f->definition, r->actor->user_id, r->now);
}

static enum err CO_FN import(struct req *r, struct db_session *s, void *arg, struct answer *out)
{
    const struct file *f = arg;
    const struct import_query *q = r->query_args;
    struct str public_id;
    int64_t workflow_id;
    bool is_new;
    enum err rc = place(r, s, f, &public_id, &workflow_id, &is_new);
    if (rc == ERR_OK && q->publish == JSON_TRUE)
        rc = publish(r, s, f, workflow_id);
    if (rc)
        return rc;
    struct which which = {public_id, INT64_MIN, q->publish != JSON_TRUE};
    out->status = is_new ? 201 : 200;
    out->location = str_printf(r->arena, "/api/v1/workflows/%.*s", STR_ARG(public_id));
    return definitions_answer(r, s, &which, out);
}

enum err definition_file_import(struct req *r)
{
    struct file *f = ARENA_NEW(r->arena, struct file);
    enum err rc = read_file(r, f);
    if (rc || req_is_answered(r))
        return rc;
    struct str body = req_body_text(r);
    struct str request = str_printf(r->arena, "%.*s\n%.*s", STR_ARG(r->query), STR_ARG(body));
    return write_run(r, request, import, f);
}
