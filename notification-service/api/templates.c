#include "api/templates.h"

#include <stddef.h>

#include "actor.h"
#include "api/template_check.h"
#include "config.h"
#include "domain/shipped.h"
#include "message/facts.h"
#include "message/wording.h"
#include "page.h"
#include "service.h"
#include "write_run.h"

#define NAME_MAX_CHARS 64
#define BODY_MAX_CHARS 60000

/* ---- schemas ------------------------------------------------------------------------------ */

struct template_view {
    struct template t;
    int8_t is_shipped, is_changed;
    struct json_array facts;
};

#define AT(member) offsetof(struct template_view, member)
static const struct json_field FIELDS[] = {
    {"name", JK_STR, AT(t.name), JF_REQUIRED},
    {"language", JK_STR, AT(t.language), JF_REQUIRED},
    {"subject", JK_STR, AT(t.subject), JF_REQUIRED},
    {"message", JK_STR, AT(t.message), JF_REQUIRED},
    {"text", JK_STR, AT(t.text), JF_REQUIRED, .doc = "of mails; empty: that of the layout"},
    {"html", JK_STR, AT(t.html), JF_REQUIRED},
    {"is_shipped", JK_BOOL, AT(is_shipped), .doc = "there is one to go back to"},
    {"is_changed", JK_BOOL, AT(is_changed), .doc = "this is not the shipped one"},
    {"facts", JK_STR_ARRAY, AT(facts), .doc = "what it may ask for; empty: anything"},
    {"version", JK_INT, AT(t.version), JF_REQUIRED, .doc = "0: the shipped one"},
    {"updated_at", JK_TIME, AT(t.updated_at), JF_MS},
    {"updated_by", JK_INT, AT(t.updated_by)},
};
#undef AT
JSON_SCHEMA(TEMPLATE, "NotificationTemplate", struct template_view, FIELDS);

struct template_body {
    struct str subject, message, text, html;
    const struct json *data;
};

#define AT(member) offsetof(struct template_body, member)
#define TEXT_FIELDS(flags_)                                                                        \
    {"subject", JK_STR, AT(subject), flags_, .max = 500, .doc = "title in the app"},               \
        {"message", JK_STR, AT(message), flags_, .max = 10000},                                    \
        {"text", JK_STR, AT(text), .max = BODY_MAX_CHARS, .doc = "absent: that of the layout"},    \
    {                                                                                              \
        "html", JK_STR, AT(html), .max = BODY_MAX_CHARS                                            \
    }
static const struct json_field BODY_FIELDS[] = {TEXT_FIELDS(JF_REQUIRED | JF_NON_EMPTY)};
static const struct json_field DRAFT_FIELDS[] = {
    TEXT_FIELDS(0), {"data", JK_ANY, AT(data), .doc = "an object; absent: a sample"}};
#undef AT
#define CLOSED(var, schema_name, field_array)                                                      \
    const struct json_schema var = {                                                               \
        .name = schema_name,                                                                       \
        .fields = field_array,                                                                     \
        .count = sizeof(field_array) / sizeof((field_array)[0]),                                   \
        .size = sizeof(struct template_body),                                                      \
        .closed = true,                                                                            \
    }
CLOSED(TEMPLATE_BODY, "NotificationTemplateRequest", BODY_FIELDS);
CLOSED(TEMPLATE_DRAFT, "NotificationTemplateDraft", DRAFT_FIELDS);

struct preview {
    struct str subject, message, text, html;
};
#define AT(member) offsetof(struct preview, member)
static const struct json_field PREVIEW_FIELDS[] = {
    {"subject", JK_STR, AT(subject), JF_REQUIRED},
    {"message", JK_STR, AT(message), JF_REQUIRED},
    {"text", JK_STR, AT(text), JF_REQUIRED},
    {"html", JK_STR, AT(html), JF_REQUIRED},
};
#undef AT
JSON_SCHEMA(TEMPLATE_PREVIEW, "NotificationTemplatePreview", struct preview, PREVIEW_FIELDS);

static int8_t truth(bool b)
{
    return b ? JSON_TRUE : JSON_FALSE;
}

static struct json_array facts_of_all(struct arena *a)
{
    struct str rest = str_from(SHIPPED_FACTS), word;
    struct str *words = ARENA_ARRAY(a, struct str, rest.len);
    size_t n = 0;
    while (rest.p && str_next(&rest, ' ', &word))
        words[n++] = word;
    return (struct json_array){words, n};
}

static struct template_view view(struct arena *a, const struct template *t)
{
    struct template_view v = {
        .t = *t,
        .is_shipped = truth(shipped_find(t->name, t->language)),
        .is_changed = truth(t->version != 0),
    };
    if (shipped_find(t->name, STR(LANGUAGE_DEFAULT)))
        v.facts = facts_of_all(a);
    return v;
}

/* ---- the list ----------------------------------------------------------------------------- */

static void write_entry(struct json_writer *w, const struct template *t)
{
    jw_object(w);
    JW_STR(w, "name", t->name);
    JW_STR(w, "language", t->language);
    JW_BOOL(w, "is_shipped", shipped_find(t->name, t->language) != NULL);
    JW_BOOL(w, "is_changed", t->version != 0);
    JW_INT(w, "version", t->version);
    JW_TIME_MS(w, "updated_at", t->updated_at);
    jw_end_object(w);
}

static bool is_set(const struct template *set, size_t n, const struct template *t)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(set[i].name, t->name) && str_eq(set[i].language, t->language))
            return true;
    return false;
}

/* Those of administrators, then the shipped ones that none stands in for. */
static struct template *all_of(struct arena *a, const struct template *set, size_t *n)
{
    size_t shipped = 0, count = *n;
    for (const struct shipped_language *l = SHIPPED_LANGUAGES; l->code; l++)
        for (const struct shipped *s = l->rows; s->name; s++)
            shipped++;
    struct template *all = ARENA_ARRAY(a, struct template, *n + shipped + 1);
    for (size_t i = 0; i < *n; i++)
        all[i] = set[i];
    for (const struct shipped_language *l = SHIPPED_LANGUAGES; l->code; l++)
        for (const struct shipped *s = l->rows; s->name; s++) {
            struct template t;
            if (wording_shipped(str_from(s->name), str_from(l->code), &t) == ERR_OK &&
                !is_set(set, *n, &t))
                all[count++] = t;
        }
    *n = count;
    return all;
}

enum err CO_FN templates_list(struct req *r)
{
    const struct template *set;
    struct db_session *db;
    size_t n;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = template_store_list(db, &set, &n);
    if (rc)
        return rc;
    const struct template *all = all_of(r->arena, set, &n);
    struct json_writer *w = page_begin_whole(r, n);
    for (size_t i = 0; i < n; i++)
        write_entry(w, &all[i]);
    return page_end(r, w);
}

/* ---- one ---------------------------------------------------------------------------------- */

/* The name and language of the path; false when there can be none of these. */
static bool read_path(struct req *r, struct str *name, struct str *language)
{
    *name = req_param(r, "name");
    *language = req_param(r, "language");
    for (size_t i = 0; i < name->len; i++) {
        char c = name->p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return name->len > 0 && name->len <= NAME_MAX_CHARS && language_is_code(*language);
}

enum err CO_FN templates_get(struct req *r)
{
    struct str name, language;
    struct template t;
    struct db_session *db;
    enum err rc = read_path(r, &name, &language) ? req_db(r, &db) : ERR_NOT_FOUND;
    if (rc == ERR_OK)
        rc = wording_exact(db, name, language, &t);
    if (rc)
        return rc;
    struct template_view v = view(r->arena, &t);
    req_set_header(r, "ETag", etag_format(r->arena, t.version));
    return req_reply_json(r, 200, &TEMPLATE, &v);
}

/* What there is now, locked: with the version of the shipped one when there is no other. */
static enum err CO_FN lock(struct req *r, struct db_session *db, struct template *t)
{
    struct str name, language;
    if (!read_path(r, &name, &language))
        return ERR_NOT_FOUND;
    enum err rc = template_store_lock(db, name, language, t);
    if (rc == ERR_NOT_FOUND) {
        *t = (struct template){.name = name, .language = language};
        rc = ERR_OK;
    }
    return rc ? rc : write_check_match(r, t->version);
}

static enum err CO_FN put(struct req *r, struct db_session *db, void *arg, struct answer *out)
{
    const struct template_body *b = arg;
    struct template t;
    enum err rc = lock(r, db, &t);
    if (rc)
        return rc;
    t.subject = b->subject;
    t.message = b->message;
    t.text = b->text.p ? b->text : STR("");
    t.html = b->html.p ? b->html : STR("");
    t.updated_by = r->actor->user_id;
    rc = template_check(r, &t);
    if (rc == ERR_OK)
        rc = template_store_put(db, &t, r->now);
    if (rc)
        return rc;
    struct template_view v = view(r->arena, &t);
    out->body = answer_json(r->arena, &TEMPLATE, &v);
    out->version = t.version;
    return ERR_OK;
}

enum err CO_FN templates_put(struct req *r)
{
    return write_run(r, req_body_text(r), put, r->body);
}

static enum err CO_FN reset(struct req *r, struct db_session *db, void *arg, struct answer *out)
{
    struct template t;
    (void)arg;
    enum err rc = lock(r, db, &t);
    if (rc)
        return rc;
    if (t.version == 0)
        return ERR_NOT_FOUND;
    out->status = 204;
    return template_store_delete(db, t.name, t.language);
}

enum err CO_FN templates_reset(struct req *r)
{
    return write_run(r, STR(""), reset, NULL);
}

/* ---- preview ------------------------------------------------------------------------------ */

static struct str chosen(struct str draft, struct str present)
{
    return draft.p ? draft : present;
}

/* What is there with the draft over it. A name that nobody has used yet has drafts only. */
static enum err CO_FN read_draft(struct req *r, struct db_session *db, struct template *t)
{
    static const struct template_body NOTHING = {0};
    const struct template_body *b = r->body ? r->body : &NOTHING;
    struct str name, language;
    if (!read_path(r, &name, &language))
        return ERR_NOT_FOUND;
    enum err rc = wording_exact(db, name, language, t);
    if (rc == ERR_NOT_FOUND && b->subject.p && b->message.p) {
        *t =
            (struct template){.name = name, .language = language, .text = STR(""), .html = STR("")};
        rc = ERR_OK;
    }
    if (rc)
        return rc;
    t->subject = chosen(b->subject, t->subject);
    t->message = chosen(b->message, t->message);
    t->text = chosen(b->text, t->text);
    t->html = chosen(b->html, t->html);
    if (b->data && json_type(b->data) != JSON_OBJECT)
        req_field_error(r, "data", "must be an object");
    return template_check(r, t);
}

static struct str data_of(struct req *r, const struct template *t)
{
    const struct template_body *b = r->body;
    struct json_writer w;
    struct buf text;
    if (b && b->data) {
        buf_init(&text, r->arena);
        jw_init(&w, &text);
        jw_value(&w, b->data);
        return buf_str(&text);
    }
    return shipped_find(t->name, STR(LANGUAGE_DEFAULT)) ? str_from(SHIPPED_SAMPLE) : STR("{}");
}

/* As a notification and its mail would be made. */
static struct preview show(struct arena *a, const struct template *t, const struct wording *layout,
                           struct str data)
{
    const struct json *view_of_words = facts_view(a, data);
    struct preview p = {
        .subject = wording_plain(a, t->subject, view_of_words),
        .message = wording_plain(a, t->message, view_of_words),
    };
    const struct fact more[] = {{"title", p.subject}, {"message", p.message}, {NULL, STR_NULL}};
    const struct json *view_of_mail = facts_view(a, facts_with(a, data, more));
    p.text = wording_plain(a, t->text.len ? t->text : layout->text, view_of_mail);
    p.html = wording_html(a, t->html.len ? t->html : layout->html, view_of_mail);
    return p;
}

enum err CO_FN templates_preview(struct req *r)
{
    struct template t;
    struct wording layout;
    struct db_session *db;
    enum err rc = req_db(r, &db);
    if (rc == ERR_OK)
        rc = read_draft(r, db, &t);
    if (rc == ERR_OK)
        rc = wording_find(db, STR(SHIPPED_LAYOUT), t.language,
                          notification_config(req_service(r))->language, &layout);
    if (rc)
        return rc;
    struct preview p = show(r->arena, &t, &layout, data_of(r, &t));
    return req_reply_json(r, 200, &TEMPLATE_PREVIEW, &p);
}
