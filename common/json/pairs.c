/* Query strings and forms to structs: the pairs are made an object that the schema decodes. */
#include <string.h>

#include "json_value.h"
#include "schema.h"

static bool is_list(const struct json_field *f)
{
    return f->kind == JK_STR_ARRAY || f->kind == JK_INT_ARRAY;
}

static struct json string_value(struct str s)
{
    return (struct json){.type = JSON_STRING, .s = s};
}

/* Every value of that name, each split at commas. */
static struct json list_value(struct arena *a, const struct json_field *f,
                              const struct json_pair *pairs, size_t n)
{
    struct json v = {.type = JSON_ARRAY, .height = 1};
    size_t room = 0;
    struct json *items;

    for (size_t i = 0; i < n; i++)
        room += schema_is_named(f, pairs[i].name) ? pairs[i].value.len + 1 : 0;
    items = ARENA_ARRAY(a, struct json, room + 1);
    for (size_t i = 0; i < n; i++) {
        struct str rest = pairs[i].value, item;

        while (schema_is_named(f, pairs[i].name) && str_next(&rest, ',', &item)) {
            if (!str_is_empty(str_trim(item)))
                items[v.array.count++] = string_value(str_trim(item));
        }
    }
    v.array.items = items;
    return v;
}

static bool is_text(struct str s)
{
    return str_is_utf8(s) && (s.len == 0 || !memchr(s.p, '\0', s.len));
}

/* The object that the pairs stand for. Lists first, then backwards: of a repeated name the last
 * value counts, and a look-up finds the first. Empty values count as absent. */
static struct json object_of_pairs(struct arena *a, const struct json_schema *schema,
                                   const struct json_pair *pairs, size_t n)
{
    struct json_entry *entries = ARENA_ARRAY(a, struct json_entry, n + schema->count);
    size_t count = 0;

    for (size_t i = 0; i < schema->count; i++) {
        const struct json_field *f = &schema->fields[i];

        if (is_list(f))
            entries[count++] = (struct json_entry){str_from(f->name), list_value(a, f, pairs, n)};
    }
    for (size_t i = n; i-- > 0;) {
        const struct json_field *f = schema_find(schema, pairs[i].name);

        if (!str_is_empty(pairs[i].value) && !(f && is_list(f)))
            entries[count++] = (struct json_entry){pairs[i].name, string_value(pairs[i].value)};
    }
    return (struct json){.type = JSON_OBJECT, .height = 1, .object = {entries, count}};
}

enum err json_decode_pairs(struct arena *a, const struct json_schema *schema,
                           const struct json_pair *pairs, size_t n, void *out,
                           struct json_problem **problems)
{
    struct json object;

    for (size_t i = 0; i < n; i++) {
        if (!is_text(pairs[i].name) || !is_text(pairs[i].value)) {
            *problems = ARENA_NEW(a, struct json_problem);
            **problems = (struct json_problem){pairs[i].name, "must be UTF-8 text", true, NULL};
            json_set_absent(schema, out);
            return ERR_INVALID_INPUT;
        }
    }
    object = object_of_pairs(a, schema, pairs, n);
    return schema_decode(a, schema, &object, true, out, problems);
}
