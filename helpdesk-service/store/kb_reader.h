#pragma once
/* What a reader may see, as statements take it. */
#include "domain/kb.h"

/* The words of the visibilities; returns how many. */
static inline size_t kb_reader_words(struct kb_reader r, struct str out[KB_VISIBILITY_COUNT])
{
    size_t n = 0;

    for (enum kb_visibility v = KB_PUBLIC; v <= r.most; v++)
        out[n++] = str_from(kb_visibility_word(v));
    return n;
}
