/* From structs to JSON text. */
#include <math.h>
#include <stdlib.h>

#include "json_value.h"
#include "schema.h"

/* ---- absence ------------------------------------------------------------------------------ */

static bool all_absent(const struct json_schema *schema, const void *in);

static void set_field_absent(const struct json_field *f, void *p)
{
    switch (f->kind) {
    case JK_STR:
    case JK_ENUM:
    case JK_EMAIL:
    case JK_RAW:
        *(struct str *)p = STR_NULL;
        return;
    case JK_INT:
        *(int64_t *)p = JSON_NO_INT;
        return;
    case JK_TIME:
        *(int64_t *)p = JSON_NO_TIME;
        return;
    case JK_NUMBER:
        *(double *)p = NAN;
        return;
    case JK_BOOL:
        *(int8_t *)p = JSON_UNSET;
        return;
    case JK_OBJECT:
        json_set_absent(f->sub, p);
        return;
    case JK_ARRAY:
    case JK_STR_ARRAY:
    case JK_INT_ARRAY:
        *(struct json_array *)p = (struct json_array){0};
        return;
    case JK_ANY:
        *(const struct json **)p = NULL;
        return;
    }
}

void json_set_absent(const struct json_schema *schema, void *out)
{
    memset(out, 0, schema->size);
    for (size_t i = 0; i < schema->count; i++)
        set_field_absent(&schema->fields[i], field_at(&schema->fields[i], out));
}

static bool is_absent(const struct json_field *f, const void *p)
{
    switch (f->kind) {
    case JK_STR:
    case JK_ENUM:
    case JK_EMAIL:
        return !((const struct str *)p)->p;
    case JK_RAW:
        return str_is_empty(*(const struct str *)p);
    case JK_INT:
    case JK_TIME: /* JSON_NO_TIME is the same mark */
        return *(const int64_t *)p == JSON_NO_INT ||
               (*(const int64_t *)p == 0 && (f->flags & JF_NON_EMPTY));
    case JK_NUMBER:
        return isnan(*(const double *)p);
    case JK_BOOL:
        return *(const int8_t *)p == JSON_UNSET;
    case JK_OBJECT:
        return all_absent(f->sub, p);
    case JK_ARRAY:
    case JK_STR_ARRAY:
    case JK_INT_ARRAY:
        return ((const struct json_array *)p)->count == 0;
    case JK_ANY:
        return !*(const struct json *const *)p;
    }
    return true;
}

static bool all_absent(const struct json_schema *schema, const void *in)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (!is_absent(&schema->fields[i], field_in(&schema->fields[i], in)))
            return false;
    }
    return true;
}

/* ---- encoding ----------------------------------------------------------------------------- */

static void encode_array(struct json_writer *w, const struct json_field *f,
                         const struct json_array *array)
{
    jw_array(w);
    for (size_t i = 0; i < array->count; i++) {
        if (f->kind == JK_ARRAY)
            json_encode(w, f->sub, (const char *)array->items + i * f->sub->size);
        else if (f->kind == JK_STR_ARRAY)
            jw_str(w, ((const struct str *)array->items)[i]);
        else
            jw_int(w, ((const int64_t *)array->items)[i]);
    }
    jw_end_array(w);
}

/* p holds a present value, or an empty array. */
static void encode_value(struct json_writer *w, const struct json_field *f, const void *p)
{
    switch (f->kind) {
    case JK_STR:
    case JK_ENUM:
    case JK_EMAIL:
        jw_str(w, *(const struct str *)p);
        return;
    case JK_RAW:
        jw_raw(w, *(const struct str *)p);
        return;
    case JK_INT:
        jw_int(w, *(const int64_t *)p);
        return;
    case JK_TIME:
        if (f->flags & JF_MS)
            jw_time_ms(w, *(const int64_t *)p);
        else
            jw_time(w, *(const int64_t *)p);
        return;
    case JK_NUMBER:
        jw_double(w, *(const double *)p);
        return;
    case JK_BOOL:
        jw_bool(w, *(const int8_t *)p == JSON_TRUE);
        return;
    case JK_OBJECT:
        json_encode(w, f->sub, p);
        return;
    case JK_ARRAY:
    case JK_STR_ARRAY:
    case JK_INT_ARRAY:
        encode_array(w, f, p);
        return;
    case JK_ANY:
        jw_value(w, *(const struct json *const *)p);
        return;
    }
}

void json_encode(struct json_writer *w, const struct json_schema *schema, const void *in)
{
    jw_object(w);
    for (size_t i = 0; i < schema->count; i++) {
        const struct json_field *f = &schema->fields[i];
        const void *p = field_in(f, in);
        bool absent = is_absent(f, p);

        if (absent && (f->flags & JF_OMIT))
            continue;
        jw_key(w, str_from(f->name));
        if (absent && !field_is_array(f))
            jw_null(w);
        else
            encode_value(w, f, p);
    }
    jw_end_object(w);
}
