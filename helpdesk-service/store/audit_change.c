#include "store/audit_change.h"

void audit_changes_begin(struct audit_changes *c, struct arena *a)
{
    buf_init(&c->text, a);
    jw_init(&c->w, &c->text);
    jw_array(&c->w);
}

void audit_change(struct audit_changes *c, struct str field, struct str old_value,
                  struct str new_value)
{
    jw_object(&c->w);
    JW_STR(&c->w, "field", field);
    JW_STR(&c->w, "old", old_value);
    JW_STR(&c->w, "new", new_value);
    jw_end_object(&c->w);
}

void audit_change_name(struct audit_changes *c, struct str field)
{
    jw_object(&c->w);
    JW_STR(&c->w, "field", field);
    jw_end_object(&c->w);
}

struct str audit_changes_end(struct audit_changes *c)
{
    jw_end_array(&c->w);
    return c->text.len > 2 ? buf_str(&c->text) : STR_NULL;
}

/* ---- objects ------------------------------------------------------------------------------ */

static const struct json *parse(struct arena *a, struct str text)
{
    const struct json *v = NULL;
    const char *why;

    if (str_is_empty(text) || json_parse(a, text, &v, &why))
        return NULL;
    return v;
}

static struct str value_text(struct arena *a, const struct json *v)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    if (v)
        jw_value(&w, v);
    return v ? buf_str(&b) : STR("null");
}

static void compare(struct audit_changes *c, struct str prefix, struct str key,
                    const struct json *old_value, const struct json *new_value)
{
    struct arena *a = c->text.arena;
    struct str was = value_text(a, old_value), is = value_text(a, new_value);

    if (str_eq(was, is) || str_eq(key, STR("version")))
        return;
    jw_object(&c->w);
    JW_STR(&c->w, "field", str_printf(a, "%.*s%.*s", STR_ARG(prefix), STR_ARG(key)));
    JW_RAW(&c->w, "old", was);
    JW_RAW(&c->w, "new", is);
    jw_end_object(&c->w);
}

void audit_change_members(struct audit_changes *c, struct str prefix, struct str before,
                          struct str after)
{
    const struct json *was = parse(c->text.arena, before), *is = parse(c->text.arena, after);
    struct str key;

    for (size_t i = 0; i < json_count(is); i++) {
        const struct json *value = json_member(is, i, &key);

        compare(c, prefix, key, json_get(was, str_cstr(c->text.arena, key)), value);
    }
    for (size_t i = 0; i < json_count(was); i++) {
        const struct json *value = json_member(was, i, &key);

        if (!json_get(is, str_cstr(c->text.arena, key)))
            compare(c, prefix, key, value, NULL);
    }
}

struct str audit_changes_of_json(struct arena *a, struct str before, struct str after)
{
    struct audit_changes c;

    audit_changes_begin(&c, a);
    audit_change_members(&c, STR(""), before, after);
    return audit_changes_end(&c);
}

/* ---- tickets ------------------------------------------------------------------------------ */

/* What people write at length is in the ticket and its history. */
static bool is_told_by_name(const char *field)
{
    struct str s = str_from(field);

    return str_eq(s, STR("description")) || str_eq(s, STR("csat_feedback"));
}

struct str audit_changes_of_ticket(struct arena *a, const struct ticket *before,
                                   const struct ticket *after,
                                   const struct ticket_field_change *changes, int n)
{
    struct audit_changes c;

    audit_changes_begin(&c, a);
    for (int i = 0; i < n; i++) {
        if (is_told_by_name(changes[i].field))
            audit_change_name(&c, str_from(changes[i].field));
        else
            audit_change(&c, str_from(changes[i].field), changes[i].old_value,
                         changes[i].new_value);
    }
    if (!str_eq(before->custom_fields, after->custom_fields))
        audit_change_members(&c, STR("custom_fields."), before->custom_fields,
                             after->custom_fields);
    return audit_changes_end(&c);
}
