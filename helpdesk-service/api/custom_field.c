#include "api/custom_field.h"

#include <math.h>

#include "buf.h"
#include "clock.h"
#include "people.h"
#include "service.h"
#include "state.h"

#define TEXT_MAX 2000

/* ---- values ------------------------------------------------------------------------------- */

static bool is_choice(const struct custom_field *f, struct str word)
{
    for (size_t i = 0; i < f->choice_count; i++)
        if (str_eq(f->choices[i], word))
            return true;
    return false;
}

static const char *check_text(const struct json *v)
{
    struct str text = json_str(v);

    if (!text.p || !str_trim(text).len)
        return "must be a text that is not blank";
    return str_utf8_len(text) <= TEXT_MAX ? NULL : "has more than 2000 characters";
}

static const char *check_date(struct arena *a, const struct json *v)
{
    struct str text = json_str(v);
    int64_t us;

    if (text.len != 10 || !time_parse(str_printf(a, "%.*sT00:00:00Z", STR_ARG(text)), &us))
        return "must be a date like 2026-01-31";
    return NULL;
}

static const char *check_choices(const struct custom_field *f, const struct json *v)
{
    if (json_type(v) != JSON_ARRAY || json_count(v) == 0)
        return "must be a list of choices";
    for (size_t i = 0; i < json_count(v); i++) {
        struct str word = json_str(json_at(v, i));

        if (!word.p || !is_choice(f, word))
            return "has something that is not among its choices";
        for (size_t k = 0; k < i; k++)
            if (str_eq(word, json_str(json_at(v, k))))
                return "has a choice twice";
    }
    return NULL;
}

static enum err CO_FN check_user(struct req *r, const struct json *v, const char **wrong)
{
    struct db_session *s;
    struct person p;
    int64_t id;
    enum err rc;

    *wrong = "must be the id of a known person";
    if (!json_int(v, &id))
        return ERR_OK;
    rc = req_db(r, &s);
    if (rc == ERR_OK)
        rc = person_by_id(s, id, &p);
    if (rc == ERR_OK && p.active)
        *wrong = NULL;
    return rc == ERR_USER_NOT_FOUND ? ERR_OK : rc;
}

/* *wrong: what is wrong with the value, NULL when it is fine. */
static enum err CO_FN check_value(struct req *r, const struct custom_field *f, const struct json *v,
                                  const char **wrong)
{
    double number;
    bool flag;

    *wrong = NULL;
    switch (f->kind) {
    case CUSTOM_TEXT:
        *wrong = check_text(v);
        break;
    case CUSTOM_NUMBER:
        if (!json_double(v, &number) || !isfinite(number))
            *wrong = "must be a number";
        break;
    case CUSTOM_BOOLEAN:
        if (!json_bool(v, &flag))
            *wrong = "must be true or false";
        break;
    case CUSTOM_DATE:
        *wrong = check_date(r->arena, v);
        break;
    case CUSTOM_CHOICE:
        if (!json_str(v).p || !is_choice(f, json_str(v)))
            *wrong = "is not among its choices";
        break;
    case CUSTOM_MULTI_CHOICE:
        *wrong = check_choices(f, v);
        break;
    case CUSTOM_USER:
        return check_user(r, v, wrong);
    case CUSTOM_KIND_COUNT:
        break;
    }
    return ERR_OK;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void complain(struct req *r, struct str key, const char *text)
{
    req_field_error(r, arena_printf(r->arena, "custom_fields.%.*s", STR_ARG(key)), text);
}

static const struct custom_field *find(const struct custom_field *fields, size_t count,
                                       struct str key)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(fields[i].key, key))
            return &fields[i];
    return NULL;
}

static enum err CO_FN check_given(struct req *r, const struct json *given,
                                  const struct custom_field *fields, size_t count)
{
    if (given && json_type(given) != JSON_OBJECT && json_type(given) != JSON_NULL) {
        req_field_error(r, "custom_fields", "must be an object");
        return ERR_OK;
    }
    for (size_t i = 0; i < json_count(given); i++) {
        struct str key;
        const struct json *v = json_member(given, i, &key);
        const struct custom_field *f = find(fields, count, key);
        const char *wrong = f ? NULL : "is not defined for this category";
        enum err rc = ERR_OK;

        if (f && json_type(v) != JSON_NULL)
            rc = check_value(r, f, v, &wrong);
        if (rc)
            return rc;
        if (wrong)
            complain(r, key, wrong);
    }
    return ERR_OK;
}

static bool has_value(const struct json *object, struct str key, struct arena *a)
{
    const struct json *v = json_get(object, str_cstr(a, key));

    return v && json_type(v) != JSON_NULL;
}

/* Members of the past that are not spoken of, then those that are. */
static struct str merge(struct req *r, const struct json *past, const struct json *given)
{
    const struct json *v;
    struct json_writer w;
    struct str key;
    struct buf b;

    buf_init(&b, r->arena);
    jw_init(&w, &b);
    jw_object(&w);
    for (size_t i = 0; i < json_count(past); i++) {
        v = json_member(past, i, &key);
        if (json_get(given, str_cstr(r->arena, key)))
            continue;
        jw_key(&w, key);
        jw_value(&w, v);
    }
    for (size_t i = 0; i < json_count(given); i++) {
        v = json_member(given, i, &key);
        if (json_type(v) == JSON_NULL)
            continue;
        jw_key(&w, key);
        jw_value(&w, v);
    }
    jw_end_object(&w);
    return buf_str(&b);
}

enum err custom_fields_take(struct req *r, const struct json *given, enum custom_demand demand,
                            struct ticket *t)
{
    const struct json *past = NULL;
    const struct custom_field *fields;
    const char *why;
    size_t count =
        catalogue_custom_fields(helpdesk_of(r)->catalogue, r->arena, t->category, &fields);
    enum err rc = check_given(r, given, fields, count);

    if (rc == ERR_OK && t->custom_fields.p)
        rc = json_parse(r->arena, t->custom_fields, &past, &why);
    if (rc)
        return rc;
    for (size_t i = 0; i < count && demand == CUSTOM_ALL; i++) {
        struct str key = fields[i].key;
        bool is_spoken_of = json_get(given, str_cstr(r->arena, key));

        if (fields[i].is_required && !has_value(is_spoken_of ? given : past, key, r->arena))
            complain(r, key, "is required");
    }
    if (req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    if (json_count(given))
        t->custom_fields = merge(r, past, given);
    return ERR_OK;
}

enum err custom_fields_lack(const struct helpdesk *h, struct arena *a, const struct ticket *t,
                            struct str *key)
{
    const struct json *values = NULL;
    const struct custom_field *fields;
    const char *why;
    size_t count = catalogue_custom_fields(h->catalogue, a, t->category, &fields);
    enum err rc = t->custom_fields.p ? json_parse(a, t->custom_fields, &values, &why) : ERR_OK;

    *key = STR_NULL;
    for (size_t i = 0; i < count && rc == ERR_OK && !key->p; i++)
        if (fields[i].is_required && !has_value(values, fields[i].key, a))
            *key = fields[i].key;
    return rc;
}
