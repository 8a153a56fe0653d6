#include "histogram.h"

#include <math.h>

/* The fourth root of two. */
#define GROWTH 1.189207115002721

int histogram_bucket(int64_t seconds)
{
    int doublings = 0, bucket;
    double end;

    if (seconds <= 1)
        return 0;
    while (seconds >> (doublings + 1))
        doublings++;
    bucket = 4 * doublings;
    end = (double)(INT64_C(1) << doublings);
    for (int quarter = 1; quarter < 4; quarter++) {
        end *= GROWTH;
        bucket += (double)seconds >= end;
    }
    return bucket < HISTOGRAM_BUCKETS - 1 ? bucket : HISTOGRAM_BUCKETS - 1;
}

double histogram_percentile(const int64_t buckets[HISTOGRAM_BUCKETS], double q)
{
    double begin = 0, end = GROWTH; /* of a bucket; the first one holds what is shorter, too */
    double wanted = 0;

    for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
        wanted += q * (double)buckets[i];
    if (wanted <= 0)
        return NAN;
    for (int i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        if (buckets[i] > 0 && wanted <= (double)buckets[i])
            return begin + (end - begin) * wanted / (double)buckets[i];
        wanted -= (double)(buckets[i] > 0 ? buckets[i] : 0);
        begin = end;
        end *= GROWTH;
    }
    return begin;
}

double histogram_ratio(int64_t part, int64_t whole)
{
    return whole == 0 ? NAN : (double)part / (double)whole;
}
