#include "api/template_check.h"

#include "domain/shipped.h"
#include "mustache.h"

struct checking {
    struct req *r;
    struct json_writer problems;
    struct buf text;
    bool is_shipped; /* the facts are known */
};

struct findings {
    struct buf text; /* "line 2: …; line 3: …" */
    const char *field;
};

static void add(struct checking *c, struct findings *f, int line, struct str message)
{
    buf_printf(&f->text, "%sline %d: %.*s", f->text.len ? "; " : "", line, STR_ARG(message));
    jw_object(&c->problems);
    JW_STR(&c->problems, "field", str_from(f->field));
    JW_INT(&c->problems, "line", line);
    JW_STR(&c->problems, "message", message);
    jw_end_object(&c->problems);
}

static void check_names(struct checking *c, struct findings *f, const struct mustache *m)
{
    struct mustache_name name;
    size_t it = 0;
    while (c->is_shipped && mustache_next_name(m, &it, &name))
        if (!shipped_is_fact(name.name))
            add(c, f, name.line,
                str_printf(c->r->arena, "there is no fact %.*s", STR_ARG(name.name)));
}

static void check_field(struct checking *c, const char *field, struct str text)
{
    const struct mustache_problem *p;
    const struct mustache *m;
    struct findings f = {.field = field};
    buf_init(&f.text, c->r->arena);
    if (mustache_parse(c->r->arena, text, &m, &p) == ERR_OK)
        check_names(c, &f, m);
    for (; p; p = p->next)
        add(c, &f, p->line, p->text);
    if (f.text.len)
        req_field_error(c->r, field, buf_cstr(&f.text));
}

enum err template_check(struct req *r, const struct template *t)
{
    struct checking c = {.r = r, .is_shipped = shipped_find(t->name, STR(LANGUAGE_DEFAULT))};
    buf_init(&c.text, r->arena);
    jw_init(&c.problems, &c.text);
    jw_array(&c.problems);
    check_field(&c, "subject", t->subject);
    if (str_index(t->subject, '\n', 0) >= 0)
        req_field_error(r, "subject", "must be one line");
    check_field(&c, "message", t->message);
    check_field(&c, "text", t->text);
    check_field(&c, "html", t->html);
    jw_end_array(&c.problems);
    if (!req_has_field_errors(r))
        return ERR_OK;
    req_detail(r, "problems", buf_str(&c.text));
    return ERR_VALIDATION_ERROR;
}
