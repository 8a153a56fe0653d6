/* Schemas as JSON Schema, in the dialect of OpenAPI 3.1. */
#include "schema.h"

#define MAX_SUB_DEPTH 6 /* a schema may contain itself through an array */

static void describe_object(struct json_writer *w, const struct json_schema *schema, int depth);

static const char *type_name(enum json_kind kind)
{
    switch (kind) {
    case JK_STR:
    case JK_ENUM:
    case JK_EMAIL:
    case JK_TIME:
        return "string";
    case JK_INT:
        return "integer";
    case JK_NUMBER:
        return "number";
    case JK_BOOL:
        return "boolean";
    case JK_OBJECT:
        return "object";
    case JK_ARRAY:
    case JK_STR_ARRAY:
    case JK_INT_ARRAY:
        return "array";
    case JK_ANY:
    case JK_RAW:
        return NULL;
    }
    return NULL;
}

static const char *format_name(const struct json_field *f)
{
    if (f->flags & JF_SECRET)
        return "password";
    if (f->kind == JK_INT)
        return "int64";
    if (f->kind == JK_TIME)
        return "date-time";
    return f->kind == JK_EMAIL ? "email" : NULL;
}

static void describe_bounds(struct json_writer *w, const struct json_field *f)
{
    bool is_number = f->kind == JK_INT || f->kind == JK_NUMBER;
    const char *min = field_is_array(f) ? "minItems" : is_number ? "minimum" : "minLength";
    const char *max = field_is_array(f) ? "maxItems" : is_number ? "maximum" : "maxLength";

    if (!is_number && !field_is_array(f) && f->kind != JK_STR)
        return;
    if (field_has_min(f)) {
        jw_key(w, str_from(min));
        jw_int(w, f->min);
    } else if (f->kind == JK_STR && (f->flags & JF_NON_EMPTY)) {
        JW_INT(w, "minLength", 1);
    }
    if (field_has_max(f)) {
        jw_key(w, str_from(max));
        jw_int(w, f->max);
    }
}

static void describe_choices(struct json_writer *w, const struct json_field *f, bool is_nullable)
{
    struct str rest = str_from(f->choices), choice;

    JW_KEY(w, "enum");
    jw_array(w);
    while (str_next(&rest, '|', &choice))
        jw_str(w, choice);
    if (is_nullable)
        jw_null(w);
    jw_end_array(w);
}

static void describe_items(struct json_writer *w, const struct json_field *f, int depth)
{
    JW_KEY(w, "items");
    if (f->kind == JK_ARRAY) {
        describe_object(w, f->sub, depth + 1);
        return;
    }
    jw_object(w);
    JW_STR(w, "type", f->kind == JK_INT_ARRAY ? STR("integer") : STR("string"));
    jw_end_object(w);
}

static void describe_type(struct json_writer *w, const struct json_field *f, bool is_nullable)
{
    if (!type_name(f->kind))
        return;
    JW_KEY(w, "type");
    if (!is_nullable) {
        jw_str(w, str_from(type_name(f->kind)));
        return;
    }
    jw_array(w);
    jw_str(w, str_from(type_name(f->kind)));
    jw_str(w, STR("null"));
    jw_end_array(w);
}

static void describe_members(struct json_writer *w, const struct json_schema *schema, int depth);

static void describe_field(struct json_writer *w, const struct json_field *f, int depth)
{
    bool is_nullable = !(f->flags & (JF_REQUIRED | JF_OMIT)) && !field_is_array(f);

    jw_object(w);
    describe_type(w, f, is_nullable);
    if (format_name(f))
        JW_STR(w, "format", str_from(format_name(f)));
    if (f->flags & JF_SECRET)
        JW_BOOL(w, "writeOnly", true);
    describe_bounds(w, f);
    if (f->kind == JK_ENUM)
        describe_choices(w, f, is_nullable);
    if (field_is_array(f))
        describe_items(w, f, depth);
    if (f->kind == JK_OBJECT)
        describe_members(w, f->sub, depth + 1);
    if (f->doc)
        JW_STR(w, "description", str_from(f->doc));
    jw_end_object(w);
}

static void describe_required(struct json_writer *w, const struct json_schema *schema)
{
    bool is_open = false;

    for (size_t i = 0; i < schema->count; i++) {
        if (!(schema->fields[i].flags & JF_REQUIRED))
            continue;
        if (!is_open) {
            JW_KEY(w, "required");
            jw_array(w);
            is_open = true;
        }
        jw_str(w, str_from(schema->fields[i].name));
    }
    if (is_open)
        jw_end_array(w);
}

static void describe_members(struct json_writer *w, const struct json_schema *schema, int depth)
{
    if (depth > MAX_SUB_DEPTH)
        return;
    JW_KEY(w, "properties");
    jw_object(w);
    for (size_t i = 0; i < schema->count; i++) {
        jw_key(w, str_from(schema->fields[i].name));
        describe_field(w, &schema->fields[i], depth);
    }
    jw_end_object(w);
    describe_required(w, schema);
    if (schema->closed)
        JW_BOOL(w, "additionalProperties", false);
}

static void describe_object(struct json_writer *w, const struct json_schema *schema, int depth)
{
    jw_object(w);
    JW_STR(w, "type", STR("object"));
    describe_members(w, schema, depth);
    jw_end_object(w);
}

void json_schema_describe(struct json_writer *w, const struct json_schema *schema)
{
    describe_object(w, schema, 0);
}

void json_field_describe(struct json_writer *w, const struct json_field *f)
{
    struct json_field present = *f;

    present.flags |= JF_OMIT;
    describe_field(w, &present, 0);
}
