#include "domain/insight.h"

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

int insight_age(int64_t seconds)
{
    static const int64_t LIMITS[INSIGHT_AGES - 1] = {DAY_S, 3 * DAY_S, 7 * DAY_S, 30 * DAY_S};
    int i = 0;

    while (i < INSIGHT_AGES - 1 && seconds >= LIMITS[i])
        i++;
    return i;
}
