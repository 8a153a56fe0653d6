#include "metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "strmap.h"

#define MAX_SERIES 2000
#define MAX_EXACT_INT 9007199254740992.0 /* 2^53 */

struct metric_series {
    struct metric_series *next; /* in order of first touch */
    const struct metric *family;
    char *labels; /* owned: a="x",b="y" */
    double value; /* sum of a histogram; also written by other threads */
    uint64_t count;
    uint64_t buckets[]; /* not cumulative; observations above the last bound are in none */
};

struct hook {
    struct hook *next;
    void (*fn)(void *arg);
    void *arg;
};

const double METRIC_DURATION_BUCKETS[] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                          0.5,   0.75, 1,     2.5,  5,     7.5, 10};
const int METRIC_DURATION_BUCKET_COUNT =
    sizeof METRIC_DURATION_BUCKETS / sizeof METRIC_DURATION_BUCKETS[0];

static struct metric *families;
static struct hook *hooks;

/* ---- families and series ------------------------------------------------------------------ */

/* Kept sorted by name, so that the text is the same whatever was touched first. */
static void register_family(struct metric *m)
{
    struct metric **at = &families;

    if (m->kind == METRIC_HISTOGRAM && !m->buckets) {
        m->buckets = METRIC_DURATION_BUCKETS;
        m->bucket_count = METRIC_DURATION_BUCKET_COUNT;
    }
    m->by_labels = strmap_new();
    while (*at && strcmp((*at)->name, m->name) < 0)
        at = &(*at)->next;
    m->next = *at;
    *at = m;
}

static void add_escaped(struct buf *b, struct str s, bool in_label)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '\n')
            BUF_LIT(b, "\\n");
        else if (s.p[i] == '\\')
            BUF_LIT(b, "\\\\");
        else if (s.p[i] == '"' && in_label)
            BUF_LIT(b, "\\\"");
        else
            buf_add_char(b, s.p[i]);
    }
}

/* The label set as it is rendered, which is also the key of the series. values NULL: all "other".
 */
static void add_labels(struct buf *b, const struct metric *m, const struct str *values)
{
    struct str rest = str_from(m->labels), label;

    for (int i = 0; str_next(&rest, ',', &label); i++) {
        if (i)
            buf_add_char(b, ',');
        buf_add_str(b, str_trim(label));
        BUF_LIT(b, "=\"");
        add_escaped(b, values ? values[i] : STR("other"), true);
        buf_add_char(b, '"');
    }
}

static struct metric_series *new_series(struct metric *m, struct str labels)
{
    size_t buckets = m->kind == METRIC_HISTOGRAM ? (size_t)m->bucket_count : 0;
    struct metric_series *s = mem_zalloc(sizeof *s + buckets * sizeof s->buckets[0]);

    s->family = m;
    s->labels = mem_alloc(labels.len + 1);
    memcpy(s->labels, labels.p, labels.len);
    s->labels[labels.len] = '\0';
    if (m->last_series)
        m->last_series->next = s;
    else
        m->series = s;
    m->last_series = s;
    m->series_count++;
    strmap_set(m->by_labels, labels, s);
    return s;
}

struct metric_series *metric_series(struct metric *m, const struct str *values)
{
    struct metric_series *s;
    struct buf key;

    if (!m->by_labels)
        register_family(m);
    buf_init(&key, NULL);
    add_labels(&key, m, values);
    s = strmap_get(m->by_labels, buf_str(&key));
    if (!s && m->series_count >= MAX_SERIES - 1) {
        buf_clear(&key);
        add_labels(&key, m, NULL);
        s = strmap_get(m->by_labels, buf_str(&key));
    }
    if (!s)
        s = new_series(m, buf_str(&key));
    buf_release(&key);
    return s;
}

/* ---- values ------------------------------------------------------------------------------- */

static double load(const double *p)
{
    double v;

    __atomic_load(p, &v, __ATOMIC_RELAXED);
    return v;
}

void metric_counter_add_atomic(struct metric_series *s, double v)
{
    double old = load(&s->value), sum;

    do {
        sum = old + v;
    } while (!__atomic_compare_exchange(&s->value, &old, &sum, true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
}

void metric_add(struct metric_series *s, double v)
{
    metric_set(s, load(&s->value) + v);
}

void metric_set(struct metric_series *s, double v)
{
    __atomic_store(&s->value, &v, __ATOMIC_RELAXED);
}

void metric_observe(struct metric_series *s, double v)
{
    const struct metric *m = s->family;

    if (isnan(v))
        return;
    for (int i = 0; i < m->bucket_count; i++) {
        if (v <= m->buckets[i]) {
            s->buckets[i]++;
            break;
        }
    }
    s->count++;
    s->value += v;
}

double metric_value(const struct metric_series *s)
{
    return s->family->kind == METRIC_HISTOGRAM ? (double)s->count : load(&s->value);
}

/* ---- text --------------------------------------------------------------------------------- */

void metrics_on_render(void (*fn)(void *arg), void *arg)
{
    struct hook *h = MEM_NEW(struct hook);

    *h = (struct hook){hooks, fn, arg};
    hooks = h;
}

static void add_value(struct buf *out, double v)
{
    if (isnan(v))
        BUF_LIT(out, "NaN");
    else if (isinf(v))
        buf_add_str(out, v > 0 ? STR("+Inf") : STR("-Inf"));
    else if (v == trunc(v) && fabs(v) < MAX_EXACT_INT)
        buf_add_i64(out, (int64_t)v);
    else
        buf_printf(out, "%.15g", v);
}

/* name_suffix{labels,le="…"} value */
static void add_sample(struct buf *out, const struct metric_series *s, const char *suffix,
                       const char *le, double v)
{
    bool has_labels = *s->labels || le;

    buf_add_str(out, str_from(s->family->name));
    buf_add_str(out, str_from(suffix));
    if (has_labels)
        buf_add_char(out, '{');
    buf_add_str(out, str_from(s->labels));
    if (le)
        buf_printf(out, "%sle=\"%s\"", *s->labels ? "," : "", le);
    if (has_labels)
        buf_add_char(out, '}');
    buf_add_char(out, ' ');
    add_value(out, v);
    buf_add_char(out, '\n');
}

static void add_histogram(struct buf *out, const struct metric_series *s)
{
    uint64_t below = 0;
    char bound[32];

    for (int i = 0; i < s->family->bucket_count; i++) {
        below += s->buckets[i];
        snprintf(bound, sizeof bound, "%.15g", s->family->buckets[i]);
        add_sample(out, s, "_bucket", bound, (double)below);
    }
    add_sample(out, s, "_bucket", "+Inf", (double)s->count);
    add_sample(out, s, "_sum", NULL, s->value);
    add_sample(out, s, "_count", NULL, (double)s->count);
}

static const char *kind_name(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_COUNTER:
        return "counter";
    case METRIC_GAUGE:
        return "gauge";
    case METRIC_HISTOGRAM:
        return "histogram";
    }
    return "untyped";
}

static void add_family(struct buf *out, const struct metric *m)
{
    buf_printf(out, "# HELP %s ", m->name);
    add_escaped(out, str_from(m->help), false);
    buf_printf(out, "\n# TYPE %s %s\n", m->name, kind_name(m->kind));
    for (const struct metric_series *s = m->series; s; s = s->next) {
        if (m->kind == METRIC_HISTOGRAM)
            add_histogram(out, s);
        else
            add_sample(out, s, "", NULL, load(&s->value));
    }
}

void metrics_render(struct buf *out)
{
    for (const struct hook *h = hooks; h; h = h->next)
        h->fn(h->arg);
    for (const struct metric *m = families; m; m = m->next)
        add_family(out, m);
}
