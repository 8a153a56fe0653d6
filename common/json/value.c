/* Read access to parsed values. */
#include <math.h>

#include "json_value.h"

#define MAX_EXACT_INT 9007199254740992.0 /* 2^53: beyond it doubles skip integers */

enum json_type json_type(const struct json *v)
{
    return v ? v->type : JSON_NULL;
}

const struct json *json_get_str(const struct json *v, struct str key)
{
    if (json_type(v) != JSON_OBJECT)
        return NULL;
    for (size_t i = 0; i < v->object.count; i++) {
        if (str_eq(v->object.entries[i].key, key))
            return &v->object.entries[i].value;
    }
    return NULL;
}

const struct json *json_get(const struct json *object, const char *key)
{
    return json_get_str(object, str_from(key));
}

size_t json_count(const struct json *v)
{
    if (json_type(v) == JSON_ARRAY)
        return v->array.count;
    return json_type(v) == JSON_OBJECT ? v->object.count : 0;
}

const struct json *json_at(const struct json *array, size_t i)
{
    if (json_type(array) != JSON_ARRAY || i >= array->array.count)
        return NULL;
    return &array->array.items[i];
}

const struct json *json_member(const struct json *object, size_t i, struct str *key)
{
    *key = STR_NULL;
    if (json_type(object) != JSON_OBJECT || i >= object->object.count)
        return NULL;
    *key = object->object.entries[i].key;
    return &object->object.entries[i].value;
}

struct str json_str(const struct json *v)
{
    return json_type(v) == JSON_STRING ? v->s : STR_NULL;
}

bool json_int(const struct json *v, int64_t *out)
{
    *out = 0;
    if (json_type(v) != JSON_NUMBER || fabs(v->d) > MAX_EXACT_INT || v->d != trunc(v->d))
        return false;
    *out = (int64_t)v->d;
    return true;
}

bool json_bool(const struct json *v, bool *out)
{
    *out = json_type(v) == JSON_BOOL && v->b;
    return json_type(v) == JSON_BOOL;
}

bool json_double(const struct json *v, double *out)
{
    *out = json_type(v) == JSON_NUMBER ? v->d : 0;
    return json_type(v) == JSON_NUMBER;
}
