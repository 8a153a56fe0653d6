/* Trace context in and out, sampling, and spans as a collector gets them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json.h"
#include "metrics.h"
#include "trace.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    trace_stop();
    arena_free(arena);
    return 0;
}

static void start(const char *sampler, double ratio, int queue, int batch)
{
    struct trace_config c = {.service = STR("auth-service"),
                             .attributes = STR("deployment.environment=test%20lab, broken"),
                             .ratio = ratio,
                             .queue_size = queue,
                             .batch_size = batch};
    assert_true(trace_sampler_from_name(str_from(sampler), &c));
    trace_start(&c);
}

static void reads_and_writes_traceparent(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_valid, is_sampled;
    } CASES[] = {
        {"00-" TRACE "-" SPAN "-01", true, true},
        {"00-" TRACE "-" SPAN "-00", true, false},
        {"00-" TRACE "-" SPAN "-02", true, false},
        {"00-" TRACE "-" SPAN "-03", true, true},
        {"01-" TRACE "-" SPAN "-01-more", true, true},
        {"01-" TRACE "-" SPAN "-01more", false, false},
        {"00-" TRACE "-" SPAN "-01-more", false, false},
        {"ff-" TRACE "-" SPAN "-01", false, false},
        {"0x-" TRACE "-" SPAN "-01", false, false},
        {"00-" TRACE "-" SPAN "-0", false, false},
        {"00-" TRACE "-" SPAN "-0g", false, false},
        {"00-00000000000000000000000000000000-" SPAN "-01", false, false},
        {"00-" TRACE "-0000000000000000-01", false, false},
        {"00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01", false, false},
        {"00-" TRACE "x" SPAN "-01", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct traceparent t;
        assert_int_equal(traceparent_read(str_from(CASES[i].text), &t), CASES[i].is_valid);
        if (CASES[i].is_valid)
            assert_int_equal(t.is_sampled, CASES[i].is_sampled);
    }
    struct log_context c = {.trace_id = STR(TRACE), .span_id = STR(SPAN)};
    assert_true(str_eq(traceparent_write(arena, &c), STR("00-" TRACE "-" SPAN "-01")));
    c.is_unsampled = true;
    assert_true(str_eq(traceparent_write(arena, &c), STR("00-" TRACE "-" SPAN "-00")));
    c.span_id = STR_NULL;
    assert_int_equal(traceparent_write(arena, &c).len, TRACEPARENT_LEN);
    c.trace_id = STR("short");
    assert_null(traceparent_write(arena, &c).p);
}

static void joins_and_identifies(void **state)
{
    (void)state;
    struct log_context c = {0};
    assert_false(trace_join(&c, STR("nonsense"), STR("a=b")));
    assert_null(c.trace_id.p);
    trace_identify(&c, arena);
    assert_int_equal(c.trace_id.len, TRACE_ID_LEN);
    assert_int_equal(c.span_id.len, SPAN_ID_LEN);
    assert_null(c.parent_id.p);
    assert_false(c.is_unsampled);

    struct log_context child = {0};
    assert_true(trace_join(&child, STR("00-" TRACE "-" SPAN "-00"), STR("a=b,c=d")));
    trace_identify(&child, arena);
    assert_true(str_eq(child.trace_id, STR(TRACE)));
    assert_true(str_eq(child.parent_id, STR(SPAN)));
    assert_false(str_eq(child.span_id, STR(SPAN)));
    assert_true(str_eq(child.trace_state, STR("a=b,c=d")));
    assert_true(child.is_unsampled);
    assert_true(trace_join(&child, STR("00-" TRACE "-" SPAN "-01"), STR("a=\r\nb")));
    assert_null(child.trace_state.p);
}

/* Roots by the sampler; children by their parent, unless the sampler does not look at it. */
static void samples(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double ratio;
        bool root, of_sampled, of_unsampled;
    } CASES[] = {
        {"always_on", 1, true, true, true},
        {"always_off", 1, false, false, false},
        {"parentbased_always_on", 1, true, true, false},
        {"parentbased_always_off", 1, false, true, false},
        {"traceidratio", 1, true, true, true},
        {"traceidratio", 0, false, false, false},
        {"traceidratio", 0.03, true, true, true},
        {"parentbased_traceidratio", 0, false, true, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        /* The second half of the id, as a number, is small: 0.005 of the most. */
        struct str low = STR("0af7651916cd43dd0148eb211c80319c");
        start(CASES[i].name, CASES[i].ratio, 10, 10);
        assert_int_equal(trace_samples(low, true, false), CASES[i].root);
        assert_int_equal(trace_samples(low, false, true), CASES[i].of_sampled);
        assert_int_equal(trace_samples(low, false, false), CASES[i].of_unsampled);
        trace_stop();
    }
    start("traceidratio", 0.03, 10, 10);
    assert_false(trace_samples(STR("0af7651916cd43ddf448eb211c80319c"), true, false));
    struct trace_config c;
    assert_false(trace_sampler_from_name(STR("sometimes"), &c));
    assert_false(trace_sampler_from_name(STR("parentbased_"), &c));
}

/* About one in four of random traces. */
static void keeps_the_ratio(void **state)
{
    (void)state;
    int taken = 0;
    start("parentbased_traceidratio", 0.25, 10, 10);
    for (int i = 0; i < 4000; i++) {
        struct log_context c = {0};
        trace_identify(&c, arena);
        taken += !c.is_unsampled;
    }
    assert_in_range(taken, 850, 1150);
}

static void record(const char *error)
{
    const struct log_context log = {.trace_id = STR(TRACE),
                                    .span_id = STR(SPAN),
                                    .parent_id = STR("00f067aa0ba902b7"),
                                    .trace_state = STR("a=b")};
    const struct span s = {.kind = SPAN_SERVER,
                           .name = STR("GET /\"x\""),
                           .log = &log,
                           .duration_us = 1500,
                           .error = error};
    const struct log_field fields[] = {LOG_STR("text", STR("ä\n")), LOG_I("number", 1LL << 60),
                                       LOG_B("yes", true), LOG_STR("empty", STR(""))};
    trace_record(&s, fields, 4);
}

static const struct json *take(int expected)
{
    struct buf out;
    const struct json *v;
    const char *why;
    buf_init(&out, arena);
    assert_int_equal(trace_take(&out), expected);
    assert_int_equal(json_parse(arena, buf_str(&out), &v, &why), ERR_OK);
    return json_at(json_get(v, "resourceSpans"), 0);
}

static void assert_str(const struct json *v, const char *key, const char *expected)
{
    assert_true(str_eq(json_str(json_get(v, key)), str_from(expected)));
}

static const struct json *value_of(const struct json *attributes, size_t i, const char *key)
{
    const struct json *a = json_at(attributes, i);
    assert_str(a, "key", key);
    return json_get(a, "value");
}

static void writes_otlp(void **state)
{
    (void)state;
    int64_t kind, code;
    bool yes;
    start("always_on", 1, 10, 10);
    record("");
    record("the reason");
    const struct json *r = take(2);
    const struct json *about = json_get(json_get(r, "resource"), "attributes");
    assert_int_equal(json_count(about), 2);
    assert_str(value_of(about, 0, "service.name"), "stringValue", "auth-service");
    assert_str(value_of(about, 1, "deployment.environment"), "stringValue", "test lab");
    const struct json *spans = json_get(json_at(json_get(r, "scopeSpans"), 0), "spans");
    assert_int_equal(json_count(spans), 2);
    const struct json *s = json_at(spans, 0);
    assert_str(s, "traceId", TRACE);
    assert_str(s, "spanId", SPAN);
    assert_str(s, "parentSpanId", "00f067aa0ba902b7");
    assert_str(s, "traceState", "a=b");
    assert_str(s, "name", "GET /\"x\"");
    assert_true(json_int(json_get(s, "kind"), &kind) && kind == SPAN_SERVER);
    int64_t began, ended;
    assert_true(str_to_i64(json_str(json_get(s, "startTimeUnixNano")), &began));
    assert_true(str_to_i64(json_str(json_get(s, "endTimeUnixNano")), &ended));
    assert_int_equal(ended - began, 1500 * 1000);
    const struct json *attributes = json_get(s, "attributes");
    assert_int_equal(json_count(attributes), 3);
    assert_str(value_of(attributes, 0, "text"), "stringValue", "ä\n");
    assert_str(value_of(attributes, 1, "number"), "intValue", "1152921504606846976");
    assert_true(json_bool(json_get(value_of(attributes, 2, "yes"), "boolValue"), &yes) && yes);
    const struct json *status = json_get(json_at(spans, 1), "status");
    assert_true(json_int(json_get(status, "code"), &code) && code == 2);
    assert_str(status, "message", "the reason");
    struct buf out;
    buf_init(&out, arena);
    assert_int_equal(trace_take(&out), 0);
}

static int filled;

static void on_full(void *arg)
{
    filled += *(int *)arg;
}

/* What does not fit is dropped; a batch never holds more than it may. */
static void is_bounded(void **state)
{
    (void)state;
    int one = 1;
    struct trace_config c = {.service = STR("x"),
                             .sampler = TRACE_ALWAYS_ON,
                             .queue_size = 5,
                             .batch_size = 2,
                             .on_full = on_full,
                             .arg = &one};
    trace_start(&c);
    filled = 0;
    for (int i = 0; i < 9; i++)
        record(NULL);
    assert_int_equal(trace_pending(), 5);
    assert_int_equal(filled, 2);
    take(2);
    take(2);
    take(1);
    assert_int_equal(trace_pending(), 0);
    record(NULL);
    assert_int_equal(trace_pending(), 1);
    struct buf metrics;
    buf_init(&metrics, arena);
    metrics_render(&metrics);
    assert_true(str_find(buf_str(&metrics), STR("otel_spans_total{result=\"dropped\"} 4")) >= 0);
}

static void nothing_when_off_or_unsampled(void **state)
{
    (void)state;
    struct trace_child child;
    struct log_context log = {.trace_id = STR(TRACE), .span_id = STR(SPAN)};
    record(NULL);
    assert_int_equal(trace_pending(), 0);
    trace_child_begin(&child, &log);
    assert_true(str_eq(child.log.span_id, STR(SPAN)));
    trace_child_end(&child, SPAN_CLIENT, STR("x"), NULL, NULL, 0);
    start("always_on", 1, 10, 10);
    log.is_unsampled = true;
    trace_child_begin(&child, &log);
    trace_child_end(&child, SPAN_CLIENT, STR("x"), NULL, NULL, 0);
    assert_int_equal(trace_pending(), 0);
    log.is_unsampled = false;
    trace_child_begin(&child, &log);
    assert_true(str_eq(child.log.parent_id, STR(SPAN)));
    assert_false(str_eq(child.log.span_id, STR(SPAN)));
    trace_child_end(&child, SPAN_CLIENT, STR("x"), NULL, NULL, 0);
    assert_int_equal(trace_pending(), 1);
    trace_child_begin(&child, NULL);
    assert_int_equal(child.started_us, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(reads_and_writes_traceparent),
        T(joins_and_identifies),
        T(samples),
        T(keeps_the_ratio),
        T(writes_otlp),
        T(is_bounded),
        T(nothing_when_off_or_unsampled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
