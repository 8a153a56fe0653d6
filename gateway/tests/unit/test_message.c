/* Small parts that decide what a message says: addresses, header kinds, cookies, trace identity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cidr.h"
#include "proxy/forwarded.h"
#include "proxy/headers.h"
#include "proxy/traceid.h"
#include "ws/frame.h"

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
    arena_free(arena);
    return 0;
}

static void knows_networks(void **state)
{
    (void)state;
    struct cidr_list l;
    struct str bad = STR_NULL;
    assert_true(cidr_list_parse(arena, STR("10.0.0.0/8, 192.168.1.7 ::1 fd00::/9,"), &l, &bad));
    assert_int_equal(l.count, 4);
    assert_true(cidr_list_has(&l, STR("10.255.0.1")));
    assert_true(cidr_list_has(&l, STR("::ffff:10.1.2.3")));
    assert_true(cidr_list_has(&l, STR("192.168.1.7")));
    assert_true(cidr_list_has(&l, STR("::1")));
    assert_true(cidr_list_has(&l, STR("fd7f::1")));
    assert_false(cidr_list_has(&l, STR("fd80::1")));
    assert_false(cidr_list_has(&l, STR("11.0.0.1")));
    assert_false(cidr_list_has(&l, STR("192.168.1.8")));
    assert_false(cidr_list_has(&l, STR("")));
    assert_false(cidr_list_has(&l, STR("10.0.0.1, 10.0.0.2")));
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0/8",  "::1/129",
                                        "x",           "10.0.0.1/", "/8"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(cidr_list_parse(arena, str_from(wrong[i]), &l, &bad));
        assert_true(str_eq(bad, str_from(wrong[i])));
    }
    assert_true(cidr_list_parse(arena, STR("0.0.0.0/0"), &l, &bad));
    assert_true(cidr_list_has(&l, STR("1.2.3.4")));
    assert_false(cidr_list_has(&l, STR("2001:db8::1")));
}

static void knows_headers_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(header_kind(STR("Transfer-Encoding")), HEADER_HOP);
    assert_int_equal(header_kind(STR("TE")), HEADER_HOP);
    assert_int_equal(header_kind(STR("CONNECTION")), HEADER_CONNECTION);
    assert_int_equal(header_kind(STR("x-forwarded-for")), HEADER_FORWARDED);
    assert_int_equal(header_kind(STR("Forwarded")), HEADER_FORWARDED);
    assert_int_equal(header_kind(STR("X-Credential-Identifier")), HEADER_IDENTITY);
    assert_int_equal(header_kind(STR("X-Consumer-Username")), HEADER_IDENTITY);
    assert_int_equal(header_kind(STR("Host")), HEADER_HOST);
    assert_int_equal(header_kind(STR("Hosts")), HEADER_OTHER);
    assert_int_equal(header_kind(STR("")), HEADER_OTHER);
    assert_int_equal(header_kind(STR("X-Credential-Identifiers")), HEADER_OTHER);
}

static void reads_forwarded(void **state)
{
    (void)state;
    static const struct {
        const char *value, *nodes; /* of each hop, with blanks between; "-": none */
    } good[] = {
        {"for=192.0.2.43", "192.0.2.43"},
        {"for=\"192.0.2.43:47011\"", "192.0.2.43"},
        {"For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"},
        {"for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"},
        {"for=192.0.2.43, for=198.51.100.17", "192.0.2.43 198.51.100.17"},
        {"for=_hidden, for=\"unknown\",for=_SEVKISEK", "_hidden unknown _SEVKISEK"},
        {"proto=http;host=\"a,b;c\"", "-"},
        {"host=\"a\\\"b\" ; for=1.2.3.4 ;", "1.2.3.4"},
        {";;for=1.2.3.4", "1.2.3.4"},
        {"for=1.2.3.4,", "1.2.3.4 -"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct forwarded f = {0};
        struct buf b;
        buf_init(&b, arena);
        assert_true(forwarded_parse(str_from(good[i].value), &f));
        for (int k = 0; k < f.count; k++) {
            if (k)
                buf_add_char(&b, ' ');
            buf_add_str(&b, f.nodes[k].p ? f.nodes[k] : STR("-"));
        }
        assert_string_equal(buf_cstr(&b), good[i].nodes);
    }
    static const char *const bad[] = {
        "for",         "for=",          "=1.2.3.4",          "for=\"1.2.3.4",
        "for=1;for=2", "for=[2001::1]", "for=1.2.3.4 for=2", "for=a b",
        "for=\"a\"b",  "for=\"a\\",     "for = 1.2.3.4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct forwarded f = {.count = 1};
        assert_false(forwarded_parse(str_from(bad[i]), &f));
        assert_int_equal(f.count, 1);
    }
    struct forwarded full = {.count = FORWARDED_MAX - 1};
    assert_false(forwarded_parse(STR("for=a, for=b"), &full));
    assert_true(forwarded_parse(STR("for=a"), &full));
}

static void writes_forwarded(void **state)
{
    (void)state;
    static const struct {
        const char *peer, *host, *text;
    } cases[] = {
        {"1.2.3.4", "desk.example", "for=1.2.3.4;by=_gateway;host=desk.example;proto=http"},
        {"::1", "[::1]:80", "for=\"[::1]\";by=_gateway;host=\"[::1]:80\";proto=http"},
        {"1.2.3.4", "", "for=1.2.3.4;by=_gateway;proto=http"},
        {"1.2.3.4", "a\"b", "for=1.2.3.4;by=_gateway;proto=http"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct forwarded f = {0};
        struct buf b;
        buf_init(&b, arena);
        forwarded_add(&b, str_from(cases[i].peer), str_from(cases[i].host), STR("http"));
        assert_string_equal(buf_cstr(&b), cases[i].text);
        assert_true(forwarded_parse(buf_str(&b), &f));
        assert_int_equal(f.count, 1);
        assert_true(str_eq(f.nodes[0], str_from(cases[i].peer)));
    }
}

static void edits_lists(void **state)
{
    (void)state;
    struct http_header two[] = {{STR("A"), STR("1")}, {STR("Connection"), STR("close, X-Drop")}};
    struct header_list l = {two, 2, 2};
    headers_add(arena, &l, STR("a"), STR("2"));
    assert_true(str_eq(headers_get(&l, STR("A")), STR("1")));
    headers_set(arena, &l, STR("A"), STR("3"));
    assert_int_equal(l.count, 2);
    assert_true(str_eq(headers_get(&l, STR("a")), STR("3")));
    assert_true(headers_connection_names(&l, STR("x-drop")));
    assert_false(headers_connection_names(&l, STR("a")));
    assert_int_equal(headers_remove(&l, STR("a")), 1);
    assert_null(headers_get(&l, STR("a")).p);
}

static void finds_cookies(void **state)
{
    (void)state;
    struct http_header h[] = {{STR("Cookie"), STR("a=1; xaccess_token=no;access_token=\"t.o.k\"")},
                              {STR("cookie"), STR("b=2;=;c")}};
    struct header_list l = {h, 2, 2};
    assert_true(str_eq(headers_cookie(&l, STR("access_token")), STR("t.o.k")));
    assert_true(str_eq(headers_cookie(&l, STR("b")), STR("2")));
    assert_null(headers_cookie(&l, STR("c")).p);
    assert_null(headers_cookie(&l, STR("d")).p);
}

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void begin(struct trace *t, struct str request_id, struct str traceparent)
{
    const struct trace_given given = {request_id, traceparent, STR("vendor=1")};
    *t = (struct trace){0};
    trace_begin(t, arena, &given);
}

static void continues_valid_traces_only(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
        TRACE "-x",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-xx",
    };
    struct trace t;
    begin(&t, STR("req-1"), STR(TRACE));
    assert_true(t.is_continued);
    assert_string_equal(t.trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_string_not_equal(t.span_id, "b7ad6b7169203331");
    assert_string_equal(t.parent_id, "b7ad6b7169203331");
    assert_string_equal(t.hop_id, t.span_id);
    assert_string_equal(t.flags, "01");
    assert_true(str_eq(t.state, STR("vendor=1")));
    assert_true(str_eq(t.request_id, STR("req-1")));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin(&t, STR_NULL, str_from(wrong[i]));
        assert_false(t.is_continued);
        assert_null(t.state.p);
        assert_int_equal(strlen(t.trace_id), 32);
        assert_int_equal(t.request_id.len, TRACE_UUID_LEN);
    }
    begin(&t, STR("has blank"), STR_NULL);
    assert_int_equal(t.request_id.len, TRACE_UUID_LEN);
}

static void makes_unique_uuids(void **state)
{
    (void)state;
    char a[TRACE_UUID_LEN], b[TRACE_UUID_LEN];
    trace_uuid(a);
    trace_uuid(b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    assert_int_equal(a[8], '-');
}

static void follows_frames_in_pieces(void **state)
{
    (void)state;
    uint8_t stream[400] = {0x81, 3, 'a', 'b', 'c', 0x82, 126, 1, 0}; /* 3 bytes, then 256 */
    size_t second = 5 + 4 + 256;
    memcpy(stream + second, (uint8_t[]){0x81, 0x80 | 1, 1, 2, 3, 4, 'x'}, 7); /* masked */
    memcpy(stream + second + 7, (uint8_t[]){0x81, 127, 0, 0, 0, 0, 0, 0, 0, 2, 'y', 'z'}, 12);
    size_t total = second + 7 + 12;
    const size_t ends[] = {5, second, second + 7, total};
    for (size_t piece = 1; piece < 40; piece++) {
        struct ws_position p = {0};
        assert_true(ws_position_is_boundary(&p));
        for (size_t at = 0; at < total;) {
            size_t n = piece < total - at ? piece : total - at;
            ws_position_advance(&p, stream + at, n);
            at += n;
            bool is_end = false;
            for (size_t i = 0; i < 4; i++)
                is_end |= at == ends[i];
            assert_int_equal(ws_position_is_boundary(&p), is_end);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(knows_networks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(knows_headers_in_any_case, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_forwarded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_forwarded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(edits_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(finds_cookies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(continues_valid_traces_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(makes_unique_uuids, set_up, tear_down),
        cmocka_unit_test_setup_teardown(follows_frames_in_pieces, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
