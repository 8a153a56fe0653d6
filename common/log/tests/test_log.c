/* What reaches standard output, read back through a pipe or a file. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "json.h"
#include "log.h"

static int saved_stdout = -1;
static FILE *captured;

static int capture_start(void **state)
{
    captured = tmpfile();
    assert_non_null(captured);
    fflush(stdout);
    saved_stdout = dup(STDOUT_FILENO);
    dup2(fileno(captured), STDOUT_FILENO);
    log_init("test-service", LOG_INFO);
    log_set_context_source(NULL);
    *state = arena_new();
    return 0;
}

static int capture_end(void **state)
{
    dup2(saved_stdout, STDOUT_FILENO);
    close(saved_stdout);
    fclose(captured);
    arena_free(*state);
    return 0;
}

/* All that was logged since the test began. */
static struct str output(struct arena *a)
{
    off_t len = lseek(fileno(captured), 0, SEEK_END);
    char *p = arena_alloc(a, (size_t)len + 1);

    assert_int_equal(pread(fileno(captured), p, (size_t)len, 0), len);
    p[len] = '\0';
    return str_n(p, (size_t)len);
}

static const struct json *only_line(struct arena *a)
{
    struct str text = output(a);
    const struct json *v = NULL;
    const char *why = NULL;

    assert_true(text.len > 1 && text.p[text.len - 1] == '\n');
    assert_int_equal(str_index(text, '\n', 0), text.len - 1);
    assert_int_equal(json_parse(a, text, &v, &why), ERR_OK);
    return v;
}

static void assert_member(const struct json *v, const char *key, const char *want)
{
    struct str got = json_str(json_get(v, key));

    assert_true(str_eq(got, str_from(want)));
}

static void test_line_has_fixed_members_first(void **state)
{
    static const char *const order[] = {"ts", "level", "service", "msg", "route", "status", "slow"};
    const struct json *v;
    struct str key;

    log_warn("request done", LOG_CSTR("route", "/tickets/:id"), LOG_I("status", -404),
             LOG_B("slow", true));
    v = only_line(*state);
    assert_int_equal(json_count(v), sizeof order / sizeof order[0]);
    for (size_t i = 0; i < json_count(v); i++) {
        assert_non_null(json_member(v, i, &key));
        assert_true(str_eq(key, str_from(order[i])));
    }
    assert_member(v, "level", "warn");
    assert_member(v, "service", "test-service");
    assert_member(v, "msg", "request done");
    assert_member(v, "route", "/tickets/:id");
}

static void test_values_are_escaped(void **state)
{
    struct str hostile = STR("\"},{\n\r\t\x01\x1f\\ \xC3\xA4 \xFF\xC0\x80");
    const struct json *v;

    log_error("a \"message\"\nof two lines", LOG_STR("input", hostile), LOG_STR("none", STR_NULL));
    v = only_line(*state);
    assert_member(v, "msg", "a \"message\"\nof two lines");
    assert_member(v, "input",
                  "\"},{\n\r\t\x01\x1f\\ \xC3\xA4 \xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_non_null(json_get(v, "none"));
    assert_int_equal(json_type(json_get(v, "none")), JSON_NULL);
}

static void test_long_values_are_cut(void **state)
{
    char *big = arena_alloc(*state, 1 << 20);
    const struct json *v;

    memset(big, 'x', 1 << 20);
    log_info("big", LOG_STR("value", str_n(big, 1 << 20)));
    v = only_line(*state);
    assert_int_equal(json_str(json_get(v, "value")).len, 8192);
}

static const struct log_context request_context = {
    .trace_id = {"4bf92f3577b34da6a3ce929d0e0e4736", 32},
    .request_id = {"r-1", 3},
    .user_id = 42,
};

static const struct log_context *current_context(void)
{
    return &request_context;
}

static void test_context_is_added(void **state)
{
    const struct json *v;
    int64_t user_id;

    log_set_context_source(current_context);
    log_info("with context");
    v = only_line(*state);
    assert_member(v, "trace_id", "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_member(v, "request_id", "r-1");
    assert_null(json_get(v, "span_id"));
    assert_true(json_int(json_get(v, "user_id"), &user_id));
    assert_int_equal(user_id, 42);
}

static void test_level_filters(void **state)
{
    log_debug("hidden");
    assert_int_equal(output(*state).len, 0);
    log_set_level(LOG_DEBUG);
    log_debug("seen");
    assert_member(only_line(*state), "level", "debug");
}

static void test_level_names(void **state)
{
    static const struct {
        const char *name;
        bool ok;
        enum log_level level;
    } cases[] = {
        {"debug", true, LOG_DEBUG},  {"INFO", true, LOG_INFO},    {"Warn", true, LOG_WARN},
        {"WARNING", true, LOG_WARN}, {"error", true, LOG_ERROR},  {"", false, LOG_DEBUG},
        {"warn ", false, LOG_DEBUG}, {"trace", false, LOG_DEBUG},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum log_level level = LOG_DEBUG;

        assert_int_equal(log_level_from_name(str_from(cases[i].name), &level), cases[i].ok);
        assert_int_equal(level, cases[i].level);
    }
}

static void test_errno_survives(void **state)
{
    errno = ENOENT;
    log_info("line");
    assert_int_equal(errno, ENOENT);
}

enum { THREADS = 8, LINES = 500 };

static void *log_many(void *arg)
{
    int64_t thread = (int64_t)(intptr_t)arg;

    for (int i = 0; i < LINES; i++)
        log_info("from a thread", LOG_I("thread", thread), LOG_I("i", i));
    return NULL;
}

/* Every line is whole, none is missing, and each thread's lines are in order. */
static void test_threads_do_not_mix_lines(void **state)
{
    pthread_t threads[THREADS];
    int64_t next[THREADS] = {0};
    struct str rest, text;
    int count = 0;

    for (intptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    rest = output(*state);
    while (str_next(&rest, '\n', &text) && !str_is_empty(text)) {
        const struct json *v;
        const char *why;
        int64_t thread, i;

        assert_int_equal(json_parse(*state, text, &v, &why), ERR_OK);
        assert_true(json_int(json_get(v, "thread"), &thread));
        assert_true(json_int(json_get(v, "i"), &i));
        assert_in_range(thread, 0, THREADS - 1);
        assert_int_equal(i, next[thread]++);
        count++;
    }
    assert_int_equal(count, THREADS * LINES);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, capture_start, capture_end)

static int lines_of(struct arena *a, const char *msg)
{
    struct str text = output(a), line, quoted = str_printf(a, "\"msg\":\"%s\"", msg);
    int n = 0;

    while (str_next(&text, '\n', &line))
        n += str_find(line, quoted) >= 0;
    return n;
}

static void test_repeated_warnings_are_left_out_and_counted(void **state)
{
    static const char *const storm = "the disk is full";

    log_set_repeats(3, 50);
    for (int i = 0; i < 10; i++) {
        log_error(storm, LOG_I("i", i));
        log_info("all is well");
        log_record(LOG_ERROR, "request", NULL, 0);
    }
    log_warn("something else");
    assert_int_equal(lines_of(*state, storm), 3);
    assert_int_equal(lines_of(*state, "all is well"), 10);
    assert_int_equal(lines_of(*state, "request"), 10);
    assert_int_equal(lines_of(*state, "something else"), 1);
    assert_int_equal(str_find(output(*state), STR("left_out")), -1);

    for (int64_t until = clock_mono_us() + 60 * US_PER_MS; clock_mono_us() < until;)
        continue;
    log_error(storm);
    log_error(storm);
    assert_int_equal(lines_of(*state, storm), 4);
    assert_true(str_find(output(*state), STR("\"left_out\":7}")) > 0);
    log_set_repeats(20, 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_line_has_fixed_members_first),
        CASE(test_values_are_escaped),
        CASE(test_long_values_are_cut),
        CASE(test_context_is_added),
        CASE(test_level_filters),
        CASE(test_level_names),
        CASE(test_errno_survives),
        CASE(test_threads_do_not_mix_lines),
        CASE(test_repeated_warnings_are_left_out_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
