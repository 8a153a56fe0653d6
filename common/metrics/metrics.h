#pragma once
/*
 * Prometheus metrics (text format 0.0.4). A family is declared once as a static object and
 * registers itself with metric_register; series appear when first touched. Used from the loop
 * thread only, except metric_counter_add_atomic.
 */
#include <stdint.h>

#include "buf.h"
#include "str.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_series;
struct strmap;

struct metric {
    const char *name, *help;
    enum metric_kind kind;
    const char *labels;    /* comma-separated label names, NULL for none */
    const double *buckets; /* histogram bounds, ascending; NULL: METRIC_DURATION_BUCKETS */
    int bucket_count;
    /* private */
    struct metric_series *series, *last_series;
    struct strmap *by_labels;
    struct metric *next;
    int series_count;
};

/* 5 ms … 10 s, the OpenTelemetry boundaries, in seconds. */
extern const double METRIC_DURATION_BUCKETS[];
extern const int METRIC_DURATION_BUCKET_COUNT;

/*
 * The series with these label values (as many as label names; NULL for none). Keep the pointer:
 * looking it up costs a hash, updating it does not. At most 2,000 series a family; beyond that all
 * share one with every value "other".
 */
struct metric_series *metric_series(struct metric *m, const struct str *values);
void metric_add(struct metric_series *s, double v); /* counters and gauges */
/* For a series that other threads add to as well; then everyone adds by this. */
void metric_counter_add_atomic(struct metric_series *s, double v);
void metric_set(struct metric_series *s, double v);     /* gauges */
void metric_observe(struct metric_series *s, double v); /* histograms */
/* The value of a counter or gauge, the number of observations of a histogram. */
double metric_value(const struct metric_series *s);

/* Called before each rendering, to refresh gauges. */
void metrics_on_render(void (*fn)(void *arg), void *arg);
void metrics_render(struct buf *out);
/* process_resident_memory_bytes, process_memory_limit_bytes, process_cpu_seconds_total,
 * process_open_fds, process_start_time_seconds. */
void metrics_register_process(void);
