#include "domain/spelling.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t spelling_distance(struct str a, struct str b)
{
    /* The rows of the table for the last two bytes of a, and for this one. */
    size_t rows[3][SPELLING_BYTES_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];

    if (a.len > SPELLING_BYTES_MAX || b.len > SPELLING_BYTES_MAX)
        return SPELLING_BYTES_MAX;
    for (size_t k = 0; k <= b.len; k++)
        last[k] = k;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *free_row = before;

        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            bool is_same = a.p[i - 1] == b.p[k - 1];

            row[k] = least(least(last[k] + 1, row[k - 1] + 1), last[k - 1] + !is_same);
            if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1])
                row[k] = least(row[k], before[k - 2] + 1);
        }
        before = last;
        last = row;
        row = free_row;
    }
    return last[b.len];
}

bool spelling_is_near(struct str a, struct str b)
{
    return spelling_distance(a, b) <= (a.len < 8 ? 1U : 2U);
}
