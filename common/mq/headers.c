#include "headers.h"

#include <inttypes.h>

static bool read_value(struct arena *a, const struct json *v, struct mq_header *out)
{
    int64_t number;
    bool flag;
    switch (json_type(v)) {
    case JSON_STRING:
        out->kind = MQ_HEADER_STR;
        out->value = json_str(v);
        return true;
    case JSON_NUMBER:
        if (!json_int(v, &number))
            return false;
        out->kind = MQ_HEADER_INT;
        out->value = str_printf(a, "%" PRId64, number);
        return true;
    case JSON_BOOL:
        out->kind = MQ_HEADER_BOOL;
        out->value = json_bool(v, &flag) && flag ? STR("true") : STR("false");
        return true;
    case JSON_NULL:
        out->kind = MQ_HEADER_NULL;
        out->value = STR("null");
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return false;
    }
    return false;
}

enum err headers_from_json(struct arena *a, struct str text, const struct mq_header **out,
                           size_t *count, const char **why)
{
    *out = NULL;
    *count = 0;
    if (text.len == 0)
        return ERR_OK;
    const struct json *object;
    enum err rc = json_parse(a, text, &object, why);
    if (rc)
        return rc;
    if (json_type(object) != JSON_OBJECT) {
        *why = "headers are not a JSON object";
        return ERR_INVALID_INPUT;
    }
    size_t n = json_count(object);
    struct mq_header *headers = ARENA_ARRAY(a, struct mq_header, n);
    for (size_t i = 0; i < n; i++) {
        const struct json *value = json_member(object, i, &headers[i].name);
        if (!read_value(a, value, &headers[i])) {
            *why = "a header is neither text nor a whole number, boolean or null";
            return ERR_INVALID_INPUT;
        }
    }
    *out = headers;
    *count = n;
    return ERR_OK;
}
