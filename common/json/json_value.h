#pragma once
/* The inside of a parsed value, shared by this library's own files only. */
#include "json.h"

struct json_entry;

struct json {
    enum json_type type;
    uint32_t height; /* containers nested in it, itself included; 0 for scalars */
    struct str raw;  /* its text, as it was */
    union {
        bool b;
        double d;
        struct str s;
        struct {
            const struct json *items; /* JSON_ARRAY */
            size_t count;
        } array;
        struct {
            const struct json_entry *entries; /* JSON_OBJECT */
            size_t count;
        } object;
    };
};

struct json_entry {
    struct str key;
    struct json value;
};

/* The member of that name, NULL when there is none or v is no object. */
const struct json *json_get_str(const struct json *v, struct str key);
