#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "encode.h"
#include "idmap.h"
#include "list.h"
#include "rand.h"
#include "str.h"
#include "strmap.h"

static void note(void *arg)
{
    char **log = arg;
    *(*log)++ = 'd';
}

static void arena_runs_deferred_calls_once(void **state)
{
    (void)state;
    char out[4] = {0}, *p = out;
    struct arena *a = arena_new();
    arena_defer(a, note, &p);
    arena_defer(a, note, &p);
    arena_reset(a);
    assert_int_equal(p - out, 2);
    assert_int_equal(arena_used(a), 0);
    arena_free(a);
    assert_int_equal(p - out, 2);
}

static void arena_serves_every_size(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    for (size_t n = 0; n < 20000; n = n * 2 + 1) {
        char *p = arena_alloc(a, n);
        assert_int_equal((uintptr_t)p % 16, 0);
        memset(p, 1, n);
    }
    assert_string_equal(arena_printf(a, "%s-%d", "x", 7), "x-7");
    arena_free(a);
}

static void numbers_parse_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
        int64_t value;
    } CASES[] = {
        {"0", true, 0},
        {"-1", true, -1},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1a", false, 0},
        {"0x1", false, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t v = 0;
        assert_int_equal(str_to_i64(str_from(CASES[i].text), &v), CASES[i].ok);
        if (CASES[i].ok)
            assert_true(v == CASES[i].value);
    }
}

static void utf8_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
    } CASES[] = {
        {"plain ascii text, longer than eight", true},
        {"\xC3\xA9t\xC3\xA9", true},
        {"\xE2\x82\xAC", true},
        {"\xF0\x9F\x98\x80", true},
        {"\xC0\x80", false},
        {"\xE0\x80\x80", false},
        {"\xED\xA0\x80", false},
        {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false},
        {"abcdefgh\x80", false},
        {"\xE2\x82", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        assert_int_equal(str_is_utf8(str_from(CASES[i].text)), CASES[i].ok);
    assert_int_equal(str_utf8_len(STR("\xC3\xA9t\xC3\xA9")), 3);
}

static void fields_are_cut(void **state)
{
    (void)state;
    struct str rest = STR("a,,b"), field;
    int n = 0;
    const char *expect[] = {"a", "", "b"};
    while (str_next(&rest, ',', &field))
        assert_true(str_eq(field, str_from(expect[n++])));
    assert_int_equal(n, 3);
}

static void times_round_trip(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } CASES[] = {
        {"2026-01-12T10:30:00Z", "2026-01-12T10:30:00.000Z"},
        {"2026-01-12T10:30:00.123456Z", "2026-01-12T10:30:00.123Z"},
        {"2026-01-12t10:30:00+02:00", "2026-01-12T08:30:00.000Z"},
        {"2024-02-29T23:59:59-00:30", "2024-03-01T00:29:59.000Z"},
        {"1969-12-31T23:59:59Z", "1969-12-31T23:59:59.000Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
        {"2026-02-29T00:00:00Z", NULL},
        {"2026-13-01T00:00:00Z", NULL},
        {"2026-01-12", NULL},
        {"2026-01-12T10:30:00", NULL},
        {"2026-01-12T24:00:00Z", NULL},
        {"2026-01-12T10:30:00.Z", NULL},
        {"2026-01-12T10:30:00Zx", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t us;
        char text[TIME_TEXT_SIZE];
        bool ok = time_parse(str_from(CASES[i].in), &us);
        assert_int_equal(ok, CASES[i].out != NULL);
        if (!ok)
            continue;
        time_format_ms(us, text);
        assert_string_equal(text, CASES[i].out);
    }
    char text[TIME_TEXT_SIZE];
    time_format_http(784111777LL * US_PER_S, text);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void base64_round_trips_and_refuses(void **state)
{
    (void)state;
    for (size_t n = 0; n < 200; n++) {
        uint8_t raw[200], back[256];
        char text[BASE64_SIZE(200)];
        size_t got;
        rand_bytes(raw, n);
        struct str url = {text, base64url_encode(raw, n, text)};
        assert_true(base64url_decode(url, back, &got));
        assert_int_equal(got, n);
        assert_memory_equal(raw, back, n);
        struct str std = {text, base64_encode(raw, n, text)};
        assert_true(base64_decode(std, back, &got));
        assert_int_equal(got, n);
        assert_memory_equal(raw, back, n);
    }
    static const char *const BAD[] = {"A", "AA=", "A=AA", "AA==AAAA", "AB", "A-A", "a b="};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        uint8_t out[32];
        size_t n;
        assert_false(base64_decode(str_from(BAD[i]), out, &n));
    }
    uint8_t out[8];
    size_t n;
    assert_false(base64url_decode(STR("AA=="), out, &n));
    assert_false(base64url_decode(STR("AB"), out, &n));
    assert_false(base64url_decode(STR("A+A"), out, &n));
}

static void percent_decoding_is_strict(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct str out;
    assert_true(percent_decode(a, STR("a%2Fb+c"), false, &out));
    assert_true(str_eq(out, STR("a/b+c")));
    assert_true(percent_decode(a, STR("a+%C3%A9"), true, &out));
    assert_true(str_eq(out, STR("a \xC3\xA9")));
    assert_false(percent_decode(a, STR("%"), false, &out));
    assert_false(percent_decode(a, STR("%2"), false, &out));
    assert_false(percent_decode(a, STR("%GG"), false, &out));
    assert_false(percent_decode(a, STR("%00"), false, &out));
    arena_free(a);
}

static void html_is_escaped(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, NULL);
    html_escape(&b, STR("<a href='x'>\"T\303\266m & J\"</a>"));
    html_escape(&b, STR(""));
    assert_string_equal(buf_cstr(&b),
                        "&lt;a href=&#39;x&#39;&gt;&quot;T\303\266m &amp; J&quot;&lt;/a&gt;");
    buf_release(&b);
}

static void strmap_survives_churn(void **state)
{
    (void)state;
    enum { KEYS = 2000 };
    static int values[KEYS];
    struct strmap *m = strmap_new();
    char key[16];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < KEYS; i++) {
            struct str k = {key, (size_t)snprintf(key, sizeof key, "key-%d", i)};
            assert_null(strmap_set(m, k, &values[i]));
        }
        assert_int_equal(strmap_count(m), KEYS);
        for (int i = 0; i < KEYS; i++) {
            struct str k = {key, (size_t)snprintf(key, sizeof key, "key-%d", i)};
            assert_ptr_equal(strmap_get(m, k), &values[i]);
        }
        for (int i = KEYS - 1; i >= 0; i--) {
            struct str k = {key, (size_t)snprintf(key, sizeof key, "key-%d", i)};
            assert_ptr_equal(strmap_remove(m, k), &values[i]);
            assert_null(strmap_get(m, k));
        }
    }
    strmap_free(m);
}

static void idmap_survives_churn(void **state)
{
    (void)state;
    enum { IDS = 3000 };
    static int values[IDS];
    struct idmap *m = idmap_new();
    for (int round = 0; round < 3; round++) {
        /* Neighbours, and some far apart that share their low bits. */
        int64_t step = round == 0 ? 1 : round == 1 ? INT64_C(1) << 32 : -4096;
        for (int i = 0; i < IDS; i++)
            assert_null(idmap_set(m, i * step, &values[i]));
        assert_int_equal(idmap_count(m), IDS);
        assert_ptr_equal(idmap_set(m, 7 * step, &values[7]), &values[7]);
        for (int i = 0; i < IDS; i += 2)
            assert_ptr_equal(idmap_remove(m, i * step), &values[i]);
        size_t it = 0, seen = 0;
        int64_t id;
        void *value;
        while (idmap_next(m, &it, &id, &value)) {
            assert_ptr_equal(value, &values[id / step]);
            seen++;
        }
        assert_int_equal(seen, IDS / 2);
        for (int i = 0; i < IDS; i++)
            assert_ptr_equal(idmap_get(m, i * step), i % 2 ? &values[i] : NULL);
        for (int i = 1; i < IDS; i += 2)
            assert_ptr_equal(idmap_remove(m, i * step), &values[i]);
        assert_null(idmap_remove(m, 1));
        assert_int_equal(idmap_count(m), 0);
    }
    idmap_free(m);
}

static void buffers_grow(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, NULL);
    for (int i = 0; i < 1000; i++) {
        buf_add_i64(&b, i - 500);
        buf_add_char(&b, ' ');
    }
    assert_true(str_has_prefix(buf_str(&b), STR("-500 -499 ")));
    assert_true(str_has_suffix(buf_str(&b), STR(" 498 499 ")));
    buf_clear(&b);
    buf_add_i64(&b, INT64_MIN);
    assert_string_equal(buf_cstr(&b), "-9223372036854775808");
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_runs_deferred_calls_once),
        cmocka_unit_test(arena_serves_every_size),
        cmocka_unit_test(numbers_parse_strictly),
        cmocka_unit_test(utf8_is_checked),
        cmocka_unit_test(fields_are_cut),
        cmocka_unit_test(times_round_trip),
        cmocka_unit_test(base64_round_trips_and_refuses),
        cmocka_unit_test(percent_decoding_is_strict),
        cmocka_unit_test(html_is_escaped),
        cmocka_unit_test(strmap_survives_churn),
        cmocka_unit_test(idmap_survives_churn),
        cmocka_unit_test(buffers_grow),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
