#pragma once
/* One OpenAPI document of many: what clients of the gateway can reach, under the paths they use. */
#include "config/snapshot.h"
#include "json.h"

struct docs_part {
    const char *service;     /* also the name of its upstream */
    const struct json *file; /* its own document; NULL: not known yet */
};

void docs_merge(struct arena *a, struct json_writer *w, const struct snapshot *s,
                const struct docs_part *parts, size_t n);
