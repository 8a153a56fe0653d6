#include "domain/number.h"

#define PREFIX_LEN 2
#define DAY_LEN 8
#define SEQUENCE_MIN 6
#define SEQUENCE_MAX 12

struct str ticket_number_format(struct arena *a, const char day[9], int64_t sequence)
{
    return str_printf(a, "TX%.8s%06lld", day, (long long)sequence);
}

static size_t digits(struct str s, size_t from)
{
    size_t n = from;

    while (n < s.len && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n - from;
}

bool ticket_number_is_valid(struct str s)
{
    size_t n;

    if (!s.p || !str_has_prefix(s, STR("TX")))
        return false;
    n = digits(s, PREFIX_LEN);
    return PREFIX_LEN + n == s.len && n >= DAY_LEN + SEQUENCE_MIN && n <= DAY_LEN + SEQUENCE_MAX;
}

struct str ticket_number_find(struct str text)
{
    for (size_t i = 0; i + PREFIX_LEN < text.len; i++) {
        size_t n;

        if (text.p[i] != 'T' || text.p[i + 1] != 'X')
            continue;
        n = digits(text, i + PREFIX_LEN);
        if (n >= DAY_LEN + SEQUENCE_MIN && n <= DAY_LEN + SEQUENCE_MAX)
            return str_n(text.p + i, PREFIX_LEN + n);
    }
    return STR_NULL;
}
