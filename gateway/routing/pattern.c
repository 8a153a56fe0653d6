#include "routing/pattern.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Steps and KiB that one match may take: far more than any sensible path needs. */
#define MATCH_LIMIT 20000
#define HEAP_LIMIT_KIB 256

struct pattern {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

static void pattern_free(void *arg)
{
    struct pattern *p = arg;
    pcre2_match_context_free(p->limits);
    pcre2_match_data_free(p->data);
    pcre2_code_free(p->code);
}

struct pattern *pattern_new(struct arena *a, struct str text, const char **why)
{
    int error;
    PCRE2_SIZE at;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)text.p, text.len, PCRE2_ANCHORED, &error, &at, NULL);
    if (!code) {
        unsigned char message[128];
        pcre2_get_error_message(error, message, sizeof message);
        *why = arena_printf(a, "%s at character %zu", (const char *)message, (size_t)at + 1);
        return NULL;
    }
    struct pattern *p = ARENA_NEW(a, struct pattern);
    p->code = code;
    p->data = pcre2_match_data_create(1, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (!p->data || !p->limits)
        abort();
    pcre2_set_match_limit(p->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(p->limits, HEAP_LIMIT_KIB);
    arena_defer(a, pattern_free, p);
    return p;
}

ptrdiff_t pattern_match(const struct pattern *p, struct str path)
{
    int rc = pcre2_match(p->code, (PCRE2_SPTR)path.p, path.len, 0, 0, p->data, p->limits);
    return rc < 0 ? -1 : (ptrdiff_t)pcre2_get_ovector_pointer(p->data)[1];
}
