/* From parsed values to structs, by schema. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "clock.h"
#include "json_value.h"
#include "schema.h"

#define MAX_PROBLEMS 100 /* reported; a hostile array could hold far more */
#define MAX_ITEMS 10000  /* of an array whose schema names no bound */
#define MAX_FOREIGN_HEIGHT                                                                         \
    48                /* of JK_ANY and JK_RAW, so that they can be wrapped and read again          \
                       */
#define MAX_EMAIL 254 /* RFC 5321 §4.5.3.1.3 */

struct path {
    const struct path *parent;
    struct str name; /* absent for an array element */
    size_t index;
};

struct decoder {
    struct arena *arena;
    struct json_problem *problems, **tail;
    size_t problem_count;
    bool is_missing; /* some required field is missing or ill-typed */
    bool coerce;     /* every field, not only those marked so */
};

static void decode_object(struct decoder *d, const struct path *at,
                          const struct json_schema *schema, const struct json *v, void *out);

/* ---- problems ----------------------------------------------------------------------------- */

static void write_path(struct buf *b, const struct path *at)
{
    if (!at)
        return;
    write_path(b, at->parent);
    if (!at->name.p) {
        buf_printf(b, "[%zu]", at->index);
        return;
    }
    if (b->len)
        buf_add_char(b, '.');
    buf_add_str(b, at->name);
}

static void add_problem(struct decoder *d, const struct path *at, const char *message, bool missing)
{
    struct json_problem *problem;
    struct buf field;

    d->is_missing |= missing;
    if (d->problem_count++ >= MAX_PROBLEMS)
        return;
    buf_init(&field, d->arena);
    write_path(&field, at);
    problem = ARENA_NEW(d->arena, struct json_problem);
    problem->field = buf_str(&field);
    problem->message = message;
    problem->missing = missing;
    *d->tail = problem;
    d->tail = &problem->next;
}

static void ill_typed(struct decoder *d, const struct path *at, const char *message)
{
    add_problem(d, at, message, true);
}

static void bad_value(struct decoder *d, const struct path *at, const char *message)
{
    add_problem(d, at, message, false);
}

static const char *bounds_text(struct decoder *d, const struct json_field *f, const char *what)
{
    if (!field_has_max(f))
        return arena_printf(d->arena, "must be at least %" PRId64 "%s", f->min, what);
    if (f->min == f->max)
        return arena_printf(d->arena, "must be exactly %" PRId64 "%s", f->min, what);
    return arena_printf(d->arena, "must be %" PRId64 " to %" PRId64 "%s", f->min, f->max, what);
}

static bool count_is_within(const struct json_field *f, size_t count)
{
    return (!field_has_min(f) || (int64_t)count >= f->min) &&
           (!field_has_max(f) || (int64_t)count <= f->max);
}

/* ---- scalars ------------------------------------------------------------------------------ */

static bool may_coerce(const struct decoder *d, const struct json_field *f)
{
    return d->coerce || (f->flags & JF_COERCE);
}

/* The text of a string, or of a number where coercion allows it; absent for anything else. */
static struct str text_of(const struct decoder *d, const struct json_field *f, const struct json *v)
{
    if (json_type(v) == JSON_NUMBER && may_coerce(d, f))
        return v->raw;
    return json_str(v);
}

static void decode_str(struct decoder *d, const struct path *at, const struct json_field *f,
                       const struct json *v, struct str *out)
{
    struct str s = text_of(d, f, v);

    if (!s.p)
        ill_typed(d, at, "must be a string");
    else if (field_has_min(f) && !count_is_within(f, str_utf8_len(s)))
        bad_value(d, at, bounds_text(d, f, " characters long"));
    else
        *out = s;
}

bool json_is_email(struct str s)
{
    ptrdiff_t at = str_index(s, '@', 0);
    struct str domain;

    if (s.len > MAX_EMAIL || at <= 0 || str_index(s, '@', (size_t)at + 1) >= 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7F)
            return false;
    }
    domain = str_slice(s, (size_t)at + 1, s.len);
    return domain.len > 0 && domain.p[0] != '.' && domain.p[domain.len - 1] != '.';
}

static void decode_email(struct decoder *d, const struct path *at, const struct json *v,
                         struct str *out)
{
    struct str s = json_str(v);

    if (!s.p)
        ill_typed(d, at, "must be a string");
    else if (!json_is_email(s))
        bad_value(d, at, "must be an email address");
    else
        *out = s;
}

static void decode_enum(struct decoder *d, const struct path *at, const struct json_field *f,
                        const struct json *v, struct str *out)
{
    struct str s = text_of(d, f, v), rest = str_from(f->choices), choice;
    struct buf list;

    if (!s.p) {
        ill_typed(d, at, "must be a string");
        return;
    }
    buf_init(&list, d->arena);
    BUF_LIT(&list, "must be one of ");
    while (str_next(&rest, '|', &choice)) {
        if (str_ieq(choice, s)) {
            *out = choice;
            return;
        }
        buf_add_str(&list, choice);
        if (rest.p)
            BUF_LIT(&list, ", ");
    }
    bad_value(d, at, buf_cstr(&list));
}

/* A number, or where coercion allows it a string that spells one. */
static const struct json *number_of(struct decoder *d, const struct json_field *f,
                                    const struct json *v)
{
    const struct json *number = v;
    const char *why;

    if (json_type(v) == JSON_STRING && may_coerce(d, f) &&
        json_parse(d->arena, str_trim(v->s), &number, &why))
        return NULL;
    return json_type(number) == JSON_NUMBER ? number : NULL;
}

static void decode_int(struct decoder *d, const struct path *at, const struct json_field *f,
                       const struct json *v, int64_t *out)
{
    int64_t n;

    if (!json_int(number_of(d, f, v), &n))
        ill_typed(d, at, "must be a whole number");
    else if ((field_has_min(f) && n < f->min) || (field_has_max(f) && n > f->max))
        bad_value(d, at, bounds_text(d, f, ""));
    else
        *out = n;
}

static void decode_number(struct decoder *d, const struct path *at, const struct json_field *f,
                          const struct json *v, double *out)
{
    double n;

    if (!json_double(number_of(d, f, v), &n))
        ill_typed(d, at, "must be a number");
    else if ((field_has_min(f) && n < (double)f->min) || (field_has_max(f) && n > (double)f->max))
        bad_value(d, at, bounds_text(d, f, ""));
    else
        *out = n;
}

static bool bool_from_text(struct str s, bool *out)
{
    static const struct str yes[] = {STR("true"), STR("1"), STR("yes"), STR("on")};
    static const struct str no[] = {STR("false"), STR("0"), STR("no"), STR("off")};

    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        *out = str_ieq(s, yes[i]);
        if (*out || str_ieq(s, no[i]))
            return true;
    }
    return false;
}

static void decode_bool(struct decoder *d, const struct path *at, const struct json_field *f,
                        const struct json *v, int8_t *out)
{
    struct str s = text_of(d, f, v);
    bool b;

    if (json_bool(v, &b) || (s.p && may_coerce(d, f) && bool_from_text(s, &b)))
        *out = b ? JSON_TRUE : JSON_FALSE;
    else
        ill_typed(d, at, "must be true or false");
}

static void decode_time(struct decoder *d, const struct path *at, const struct json *v,
                        int64_t *out)
{
    int64_t us;

    if (!json_str(v).p)
        ill_typed(d, at, "must be a string");
    else if (!time_parse(json_str(v), &us))
        bad_value(d, at, "must be an RFC 3339 time");
    else
        *out = us;
}

/* ---- containers --------------------------------------------------------------------------- */

static bool array_is_fit(struct decoder *d, const struct path *at, const struct json_field *f,
                         const struct json *v)
{
    if (json_type(v) != JSON_ARRAY) {
        ill_typed(d, at, "must be an array");
        return false;
    }
    if (!count_is_within(f, json_count(v))) {
        bad_value(d, at, bounds_text(d, f, " items"));
        return false;
    }
    if (!field_has_max(f) && json_count(v) > MAX_ITEMS) {
        bad_value(d, at, "has too many items");
        return false;
    }
    return true;
}

static void decode_item(struct decoder *d, const struct path *at, const struct json_field *f,
                        const struct json *v, void *item)
{
    static const struct json_field unbounded = {.name = ""};

    if (f->kind == JK_ARRAY)
        decode_object(d, at, f->sub, v, item);
    else if (f->kind == JK_STR_ARRAY)
        decode_str(d, at, &unbounded, v, item);
    else
        decode_int(d, at, &unbounded, v, item);
}

static void decode_array(struct decoder *d, const struct path *at, const struct json_field *f,
                         const struct json *v, struct json_array *out)
{
    size_t size = f->kind == JK_ARRAY       ? f->sub->size
                  : f->kind == JK_STR_ARRAY ? sizeof(struct str)
                                            : sizeof(int64_t);

    if (!array_is_fit(d, at, f, v))
        return;
    out->count = json_count(v);
    out->items = arena_calloc(d->arena, out->count ? out->count : 1, size);
    for (size_t i = 0; i < out->count; i++) {
        struct path item = {.parent = at, .index = i};

        decode_item(d, &item, f, json_at(v, i), (char *)out->items + i * size);
    }
}

static bool foreign_is_fit(struct decoder *d, const struct path *at, const struct json *v)
{
    if (v->height <= MAX_FOREIGN_HEIGHT)
        return true;
    bad_value(d, at, "is nested too deeply");
    return false;
}

/* Values made from pairs have no JSON text of their own. */
static struct str raw_text(struct decoder *d, const struct json *v)
{
    struct json_writer w;
    struct buf text;

    if (v->raw.p)
        return v->raw;
    buf_init(&text, d->arena);
    jw_init(&w, &text);
    jw_value(&w, v);
    return buf_str(&text);
}

static void decode_value(struct decoder *d, const struct path *at, const struct json_field *f,
                         const struct json *v, void *out)
{
    switch (f->kind) {
    case JK_STR:
        decode_str(d, at, f, v, out);
        return;
    case JK_INT:
        decode_int(d, at, f, v, out);
        return;
    case JK_NUMBER:
        decode_number(d, at, f, v, out);
        return;
    case JK_BOOL:
        decode_bool(d, at, f, v, out);
        return;
    case JK_TIME:
        decode_time(d, at, v, out);
        return;
    case JK_ENUM:
        decode_enum(d, at, f, v, out);
        return;
    case JK_EMAIL:
        decode_email(d, at, v, out);
        return;
    case JK_OBJECT:
        decode_object(d, at, f->sub, v, out);
        return;
    case JK_ARRAY:
    case JK_STR_ARRAY:
    case JK_INT_ARRAY:
        decode_array(d, at, f, v, out);
        return;
    case JK_ANY:
        if (foreign_is_fit(d, at, v))
            *(const struct json **)out = v;
        return;
    case JK_RAW:
        if (foreign_is_fit(d, at, v))
            *(struct str *)out = raw_text(d, v);
        return;
    }
}

static bool counts_as_absent(const struct json_field *f, const struct json *v)
{
    if (json_type(v) == JSON_NULL)
        return true;
    if (!(f->flags & JF_NON_EMPTY))
        return false;
    if (json_type(v) == JSON_STRING)
        return str_is_empty(str_trim(v->s));
    return f->kind == JK_INT && json_type(v) == JSON_NUMBER && v->d == 0;
}

bool schema_is_named(const struct json_field *f, struct str name)
{
    return str_eq(name, str_from(f->name)) || (f->alias && str_eq(name, str_from(f->alias)));
}

const struct json_field *schema_find(const struct json_schema *schema, struct str name)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (schema_is_named(&schema->fields[i], name))
            return &schema->fields[i];
    }
    return NULL;
}

static void refuse_unknown(struct decoder *d, const struct path *at,
                           const struct json_schema *schema, const struct json *v)
{
    for (size_t i = 0; i < json_count(v); i++) {
        struct path member = {.parent = at};

        if (json_member(v, i, &member.name) && !schema_find(schema, member.name))
            bad_value(d, &member, "is not a known field");
    }
}

static void decode_object(struct decoder *d, const struct path *at,
                          const struct json_schema *schema, const struct json *v, void *out)
{
    json_set_absent(schema, out);
    if (json_type(v) != JSON_OBJECT) {
        ill_typed(d, at, "must be an object");
        return;
    }
    for (size_t i = 0; i < schema->count; i++) {
        const struct json_field *f = &schema->fields[i];
        const struct path member = {.parent = at, .name = str_from(f->name)};
        const struct json *value = json_get(v, f->name);

        if (!value && f->alias)
            value = json_get(v, f->alias);
        if (!counts_as_absent(f, value))
            decode_value(d, &member, f, value, field_at(f, out));
        else if (f->flags & JF_REQUIRED)
            add_problem(d, &member, "is required", true);
    }
    if (schema->closed)
        refuse_unknown(d, at, schema, v);
}

enum err schema_decode(struct arena *a, const struct json_schema *schema, const struct json *v,
                       bool coerce, void *out, struct json_problem **problems)
{
    struct decoder d = {.arena = a, .coerce = coerce};

    d.tail = &d.problems;
    decode_object(&d, NULL, schema, v, out);
    *problems = d.problems;
    if (!d.problems)
        return ERR_OK;
    return d.is_missing ? ERR_INVALID_INPUT : ERR_VALIDATION_ERROR;
}

enum err json_decode(struct arena *a, const struct json_schema *schema, const struct json *v,
                     void *out, struct json_problem **problems)
{
    return schema_decode(a, schema, v, false, out, problems);
}
