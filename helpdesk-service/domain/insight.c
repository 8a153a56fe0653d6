#include "domain/insight.h"

#include <math.h>

#define DAY_S 86400

static const char *const WORDS[INSIGHT_METRIC_COUNT] = {
    [INSIGHT_CREATED] = "created",   [INSIGHT_RESOLVED] = "resolved",
    [INSIGHT_CLOSED] = "closed",     [INSIGHT_REOPENED] = "reopened",
    [INSIGHT_RESPONSE] = "response", [INSIGHT_RESOLUTION] = "resolution",
    [INSIGHT_MET] = "met",           [INSIGHT_MISSED] = "missed",
    [INSIGHT_CSAT] = "csat",
};

const char *insight_metric_word(enum insight_metric m)
{
    return WORDS[m];
}

enum insight_metric insight_metric_parse(struct str word)
{
    int m = 0;

    while (m < INSIGHT_METRIC_COUNT && !str_eq(word, str_from(WORDS[m])))
        m++;
    return (enum insight_metric)m;
}

/* The fourth root of two. */
#define GROWTH 1.189207115002721

double insight_percentile(const int64_t buckets[INSIGHT_BUCKETS], double q)
{
    double begin = 0, end = GROWTH; /* of a bucket; the first one holds what is shorter, too */
    double wanted = 0;

    for (int i = 0; i < INSIGHT_BUCKETS; i++)
        wanted += q * (double)buckets[i];
    if (wanted <= 0)
        return NAN;
    for (int i = 0; i < INSIGHT_BUCKETS - 1; i++) {
        if (buckets[i] > 0 && wanted <= (double)buckets[i])
            return begin + (end - begin) * wanted / (double)buckets[i];
        wanted -= (double)(buckets[i] > 0 ? buckets[i] : 0);
        begin = end;
        end *= GROWTH;
    }
    return begin;
}

double insight_ratio(int64_t part, int64_t whole)
{
    return whole == 0 ? NAN : (double)part / (double)whole;
}

int insight_age(int64_t seconds)
{
    static const int64_t LIMITS[INSIGHT_AGES - 1] = {DAY_S, 3 * DAY_S, 7 * DAY_S, 30 * DAY_S};
    int i = 0;

    while (i < INSIGHT_AGES - 1 && seconds >= LIMITS[i])
        i++;
    return i;
}
