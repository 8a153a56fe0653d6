/* The query language: whatever is parsed is bounded, and every problem has a place in the text. */
#include <stdint.h>
#include <stdlib.h>

#include "arena.h"
#include "domain/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct query *q)
{
    if (q->count > QUERY_TERM_MAX)
        abort();
    for (size_t i = 0; i < q->count; i++) {
        const struct query_term *t = &q->terms[i];

        if (t->value_count > QUERY_VALUE_MAX || t->key >= QUERY_KEY_COUNT)
            abort();
        if (t->value_count == 0 && !t->has_none && t->from == QUERY_NO_TIME &&
            t->until == QUERY_NO_TIME)
            abort();
        for (size_t k = 0; k < t->value_count; k++)
            if (!str_is_utf8(t->values[k]) || str_is_empty(t->values[k]))
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct str text = {(const char *)data, size};
    struct query_problem problem = {0, NULL};
    struct query q;

    if (str_is_utf8(text)) {
        if (query_parse(a, text, INT64_C(1768046400000000), &q, &problem) == ERR_OK)
            check(&q);
        else if (problem.at == 0 || problem.at > size + 1 || !problem.message)
            abort();
        query_of_words(a, text, &q);
        check(&q);
    }
    arena_free(a);
    return 0;
}
