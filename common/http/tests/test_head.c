#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <http_parser.h>
#include <stdio.h>

#include "head.h"

#define H "Host: a\r\n"

struct refusal {
    const char *name;
    struct str text;
    enum err rc;
};

#define R(name, text, rc)                                                                          \
    {                                                                                              \
        name, {text, sizeof(text) - 1}, rc                                                         \
    }

static const struct refusal REQUESTS[] = {
    R("plain", "GET / HTTP/1.1\r\n" H "\r\n", ERR_OK),
    R("1.0 without host", "GET / HTTP/1.0\r\n\r\n", ERR_OK),
    R("any token as method", "M-SEARCH * HTTP/1.1\r\n" H "\r\n", ERR_OK),
    R("empty header value", "GET / HTTP/1.1\r\n" H "A:\r\n\r\n", ERR_OK),
    R("blanks around a value", "GET / HTTP/1.1\r\n" H "A: \t b \t\r\n\r\n", ERR_OK),
    R("latin-1 in a value", "GET / HTTP/1.1\r\n" H "A: \xe9\r\n\r\n", ERR_OK),
    R("bare LF after the line", "GET / HTTP/1.1\n" H "\r\n", ERR_INVALID_INPUT),
    R("bare LF after a header", "GET / HTTP/1.1\r\nHost: a\n\r\n", ERR_INVALID_INPUT),
    R("bare LF at the end", "GET / HTTP/1.1\r\n" H "\n", ERR_INVALID_INPUT),
    R("only LF", "GET / HTTP/1.1\nHost: a\n\n", ERR_INVALID_INPUT),
    R("bare CR in a value", "GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", ERR_INVALID_INPUT),
    R("bare CR in a name", "GET / HTTP/1.1\r\n" H "A\rB: c\r\n\r\n", ERR_INVALID_INPUT),
    R("bare CR in the target", "GET /\rx HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("doubled CR", "GET / HTTP/1.1\r\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("NUL in a value", "GET / HTTP/1.1\r\n" H "A: b\0c\r\n\r\n", ERR_INVALID_INPUT),
    R("NUL in a name", "GET / HTTP/1.1\r\n" H "A\0: b\r\n\r\n", ERR_INVALID_INPUT),
    R("NUL in the target", "GET /\0 HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("DEL in a value",
      "GET / HTTP/1.1\r\n" H "A: bbbbbbbbbbbb\x7f"
      "c\r\n\r\n",
      ERR_INVALID_INPUT),
    R("ESC in a long value", "GET / HTTP/1.1\r\n" H "A: 0123456789abcdef\x1b[0m\r\n\r\n",
      ERR_INVALID_INPUT),
    R("blank before the colon", "GET / HTTP/1.1\r\n" H "A : b\r\n\r\n", ERR_INVALID_INPUT),
    R("tab before the colon", "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", ERR_INVALID_INPUT),
    R("folded by blank", "GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n", ERR_INVALID_INPUT),
    R("folded by tab", "GET / HTTP/1.1\r\n" H "A: b\r\n\tc\r\n\r\n", ERR_INVALID_INPUT),
    R("blank before the first header", "GET / HTTP/1.1\r\n " H "\r\n", ERR_INVALID_INPUT),
    R("no colon", "GET / HTTP/1.1\r\n" H "A\r\n\r\n", ERR_INVALID_INPUT),
    R("empty name", "GET / HTTP/1.1\r\n" H ": b\r\n\r\n", ERR_INVALID_INPUT),
    R("quote in a name", "GET / HTTP/1.1\r\n" H "A\": b\r\n\r\n", ERR_INVALID_INPUT),
    R("latin-1 in a name", "GET / HTTP/1.1\r\n" H "\xe9: b\r\n\r\n", ERR_INVALID_INPUT),

    R("no host", "GET / HTTP/1.1\r\n\r\n", ERR_INVALID_INPUT),
    R("two hosts", "GET / HTTP/1.1\r\n" H H "\r\n", ERR_INVALID_INPUT),
    R("two hosts in 1.0", "GET / HTTP/1.0\r\n" H "host: b\r\n\r\n", ERR_INVALID_INPUT),
    R("a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", ERR_INVALID_INPUT),
    R("host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", ERR_INVALID_INPUT),
    R("host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", ERR_INVALID_INPUT),
    R("IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", ERR_OK),

    R("length", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n", ERR_OK),
    R("equal lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
      ERR_INVALID_INPUT),
    R("different lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\ncontent-length: 6\r\n\r\n",
      ERR_INVALID_INPUT),
    R("list of lengths", "POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n", ERR_INVALID_INPUT),
    R("signed length", "POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n", ERR_INVALID_INPUT),
    R("negative length", "POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\n", ERR_INVALID_INPUT),
    R("hexadecimal length", "POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n",
      ERR_INVALID_INPUT),
    R("empty length", "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", ERR_INVALID_INPUT),
    R("blank inside a length", "POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\n",
      ERR_INVALID_INPUT),
    R("length past 64 bits", "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n\r\n",
      ERR_INVALID_INPUT),
    R("length past 63 bits", "POST / HTTP/1.1\r\n" H "Content-Length: 9223372036854775808\r\n\r\n",
      ERR_INVALID_INPUT),

    R("chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n", ERR_OK),
    R("chunked with length",
      "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
      ERR_INVALID_INPUT),
    R("length with chunked",
      "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      ERR_INVALID_INPUT),
    R("coding in 1.0", "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n",
      ERR_INVALID_INPUT),
    R("identity", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", ERR_INVALID_INPUT),
    R("misspelt chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n",
      ERR_INVALID_INPUT),
    R("quoted chunked", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n",
      ERR_INVALID_INPUT),
    R("parameter", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n",
      ERR_INVALID_INPUT),
    R("empty coding", "POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n", ERR_INVALID_INPUT),
    R("chunked not last", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n",
      ERR_INVALID_INPUT),
    R("gzip first", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n",
      ERR_NOT_IMPLEMENTED),
    R("chunked twice", "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n",
      ERR_NOT_IMPLEMENTED),
    R("chunked in two lines",
      "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      ERR_NOT_IMPLEMENTED),
    R("chunked, then another line",
      "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
      ERR_INVALID_INPUT),

    R("0.9", "GET /\r\n\r\n", ERR_INVALID_INPUT),
    R("no target", "GET HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("two blanks", "GET  / HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("blank in the target", "GET /a b HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("tab for a blank", "GET\t/ HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("leading blank", " GET / HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("trailing blank", "GET / HTTP/1.1 \r\n" H "\r\n", ERR_INVALID_INPUT),
    R("fragment", "GET /a#b HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("UTF-8 in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("method with a comma", "GE,T / HTTP/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("other protocol", "GET / HTTQ/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("lower case protocol", "GET / http/1.1\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("long version", "GET / HTTP/1.10\r\n" H "\r\n", ERR_INVALID_INPUT),
    R("2.0", "GET / HTTP/2.0\r\n" H "\r\n", ERR_VERSION_NOT_SUPPORTED),
    R("1.2", "GET / HTTP/1.2\r\n" H "\r\n", ERR_VERSION_NOT_SUPPORTED),
    R("0.9 spelt out", "GET / HTTP/0.9\r\n" H "\r\n", ERR_VERSION_NOT_SUPPORTED),
    R("truncated", "GET / HTTP/1.1\r\n" H, ERR_INVALID_INPUT),
    R("nothing", "", ERR_INVALID_INPUT),
    R("empty line only", "\r\n", ERR_INVALID_INPUT),
    R("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", ERR_INVALID_INPUT),
};

static int on_headers_complete(http_parser *p)
{
    return 1; /* no body to look for */
}

/* Whatever is accepted here, an independent parser reads in the same way. */
static void agree_with_http_parser(struct str text, const struct http_head *head)
{
    if (str_eq(head->method, STR("M-SEARCH")))
        return;
    http_parser p;
    http_parser_settings settings;
    http_parser_settings_init(&settings);
    settings.on_headers_complete = on_headers_complete;
    http_parser_init(&p, HTTP_REQUEST);
    size_t n = http_parser_execute(&p, &settings, text.p, text.len);
    assert_int_equal(HTTP_PARSER_ERRNO(&p), HPE_OK);
    assert_int_equal(n, text.len);
    assert_int_equal(!!(p.flags & F_CHUNKED), head->is_chunked);
    assert_int_equal(!!(p.flags & F_CONTENTLENGTH), head->content_length >= 0);
    assert_int_equal(p.http_minor, head->minor_version);
}

static void test_requests(void **state)
{
    for (size_t i = 0; i < sizeof REQUESTS / sizeof *REQUESTS; i++) {
        const struct refusal *t = &REQUESTS[i];
        struct arena *a = arena_new();
        /* An exact heap copy, so that a sanitizer sees a read past the end. */
        char *copy = test_malloc(t->text.len + 1);
        memcpy(copy, t->text.p, t->text.len);
        struct http_head head;
        const char *why = NULL;
        enum err rc = http_parse_request_head(a, str_n(copy, t->text.len), &head, &why);
        if (rc != t->rc)
            fail_msg("%s: got %s (%s)", t->name, err_code(rc), why ? why : "accepted");
        assert_true((rc == ERR_OK) == (why == NULL));
        if (rc == ERR_OK)
            agree_with_http_parser(t->text, &head);
        test_free(copy);
        arena_free(a);
    }
}

/* No prefix of a good head is accepted, and none makes the parser read past its end. */
static void test_prefixes(void **state)
{
    const struct str text =
        STR("POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: y\r\n\r\n");
    struct arena *a = arena_new();
    for (size_t n = 0; n < text.len; n++) {
        char *copy = test_malloc(n + 1);
        memcpy(copy, text.p, n);
        struct http_head head;
        const char *why;
        assert_int_equal(http_parse_request_head(a, str_n(copy, n), &head, &why),
                         ERR_INVALID_INPUT);
        test_free(copy);
    }
    arena_free(a);
}

static void test_fields(void **state)
{
    struct arena *a = arena_new();
    struct http_head h;
    const char *why;
    assert_int_equal(http_parse_request_head(a,
                                             STR("POST /x?y=1 HTTP/1.1\r\nHost: a:1\r\n"
                                                 "Content-Length: 12\r\nAccept: b \r\n"
                                                 "accept:c, D\r\nExpect: 100-Continue\r\n"
                                                 "Connection: foo , Upgrade\r\n\r\n"),
                                             &h, &why),
                     ERR_OK);
    assert_true(str_eq(h.method, STR("POST")));
    assert_true(str_eq(h.target, STR("/x?y=1")));
    assert_int_equal(h.minor_version, 1);
    assert_int_equal(h.header_count, 6);
    assert_int_equal(h.content_length, 12);
    assert_false(h.is_chunked);
    assert_true(h.keep_alive);
    assert_true(h.expects_continue);
    assert_true(h.is_upgrade);
    assert_true(str_eq(http_head_get(&h, STR("ACCEPT")), STR("b")));
    assert_null(http_head_get(&h, STR("Accepts")).p);
    assert_true(http_head_has_token(&h, STR("Accept"), STR("d")));
    assert_false(http_head_has_token(&h, STR("Accept"), STR("e")));
    arena_free(a);
}

static void test_keep_alive(void **state)
{
    static const struct {
        const char *text;
        bool keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\n" H "\r\n", true},
        {"GET / HTTP/1.1\r\n" H "Connection: Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" H "Connection: keep-alive\r\nConnection: x, close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
    };
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_head h;
        const char *why;
        assert_int_equal(http_parse_request_head(a, str_from(cases[i].text), &h, &why), ERR_OK);
        assert_int_equal(h.keep_alive, cases[i].keep_alive);
    }
    arena_free(a);
}

static void test_many_headers(void **state)
{
    struct arena *a = arena_new();
    for (int count = HTTP_MAX_HEADERS; count <= HTTP_MAX_HEADERS + 1; count++) {
        char text[4096];
        int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" H);
        for (int i = 1; i < count; i++)
            n += snprintf(text + n, sizeof text - (size_t)n, "A%d: b\r\n", i);
        n += snprintf(text + n, sizeof text - (size_t)n, "\r\n");
        struct http_head h;
        const char *why;
        assert_int_equal(http_parse_request_head(a, str_n(text, (size_t)n), &h, &why),
                         count > HTTP_MAX_HEADERS ? ERR_HEADERS_TOO_LARGE : ERR_OK);
    }
    arena_free(a);
}

static void test_responses(void **state)
{
    static const struct refusal cases[] = {
        R("plain", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", ERR_OK),
        R("empty reason", "HTTP/1.1 200 \r\n\r\n", ERR_OK),
        R("no reason", "HTTP/1.1 200\r\n\r\n", ERR_OK),
        R("1.0", "HTTP/1.0 404 Not Found\r\n\r\n", ERR_OK),
        R("short status", "HTTP/1.1 20 OK\r\n\r\n", ERR_BAD_GATEWAY),
        R("long status", "HTTP/1.1 2000 OK\r\n\r\n", ERR_BAD_GATEWAY),
        R("small status", "HTTP/1.1 099 OK\r\n\r\n", ERR_BAD_GATEWAY),
        R("2.0", "HTTP/2.0 200 OK\r\n\r\n", ERR_BAD_GATEWAY),
        R("bare LF", "HTTP/1.1 200 OK\n\n", ERR_BAD_GATEWAY),
        R("length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
          ERR_BAD_GATEWAY),
        R("length and chunked",
          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
          ERR_BAD_GATEWAY),
        R("gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", ERR_BAD_GATEWAY),
        R("folded", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", ERR_BAD_GATEWAY),
        R("truncated", "HTTP/1.1 200", ERR_BAD_GATEWAY),
        R("empty", "", ERR_BAD_GATEWAY),
    };
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_head h;
        const char *why;
        enum err rc = http_parse_response_head(a, cases[i].text, &h, &why);
        if (rc != cases[i].rc)
            fail_msg("%s: got %s", cases[i].name, err_code(rc));
    }
    struct http_head h;
    const char *why;
    assert_int_equal(
        http_parse_response_head(
            a, STR("HTTP/1.1 503 Not Now\r\nTransfer-Encoding: chunked\r\n\r\n"), &h, &why),
        ERR_OK);
    assert_int_equal(h.status, 503);
    assert_true(str_eq(h.reason, STR("Not Now")));
    assert_true(h.is_chunked);
    assert_int_equal(h.content_length, -1);
    arena_free(a);
}

static void test_find(void **state)
{
    static const struct {
        const char *text;
        size_t length, dropped;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest", 27, 0},
        {"\r\n\r\nGET / HTTP/1.1\r\n\r\n", 18, 4},
        {"GET / HTTP/1.1\n\nrest", 16, 0},
        {"GET / HTTP/1.1\r\nA: b\n\r\nrest", 23, 0},
        {"GET / HTTP/1.1\n\rX\r\n\r\n", 21, 0},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r", 0, 0},
        {"\r\n", 0, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t all = strlen(cases[i].text);
        for (size_t cut = 0; cut <= all; cut++) {
            struct evbuffer *in = evbuffer_new();
            size_t scanned = 0;
            /* Separate chains, as after separate reads. */
            evbuffer_add_reference(in, cases[i].text, cut, NULL, NULL);
            size_t length = http_head_find(in, &scanned);
            evbuffer_add_reference(in, cases[i].text + cut, all - cut, NULL, NULL);
            if (length == 0)
                length = http_head_find(in, &scanned);
            assert_int_equal(length, cases[i].length);
            assert_int_equal(evbuffer_get_length(in), all - cases[i].dropped);
            evbuffer_free(in);
        }
    }
}

static void test_find_in_many_pieces_at_once(void **state)
{
    const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct evbuffer *in = evbuffer_new();
    size_t scanned = 0;
    for (size_t i = 0; i < sizeof text - 1; i++)
        evbuffer_add_reference(in, text + i, 1, NULL, NULL);
    assert_int_equal(http_head_find(in, &scanned), sizeof text - 1);
    evbuffer_free(in);
}

static void test_find_byte_by_byte(void **state)
{
    const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    struct evbuffer *in = evbuffer_new();
    size_t scanned = 0;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        assert_int_equal(http_head_find(in, &scanned), 0);
        evbuffer_add_reference(in, text + i, 1, NULL, NULL);
    }
    assert_int_equal(http_head_find(in, &scanned), sizeof text - 1);
    evbuffer_free(in);
}

static void test_split_target(void **state)
{
    static const struct {
        const char *target, *path, *query;
    } cases[] = {
        {"/", "/", NULL},
        {"/a/b", "/a/b", NULL},
        {"/a?", "/a", ""},
        {"/a?b=c?d", "/a", "b=c?d"},
        {"//a/b", "//a/b", NULL},
        {"http://h:80/a?b", "/a", "b"},
        {"https://h", "/", NULL},
        {"http://h?b", "/", "b"},
        {"http://u:p@h/a", NULL, NULL},
        {"ftp://h/a", NULL, NULL},
        {"*", NULL, NULL},
        {"h:443", NULL, NULL},
        {"a/b", NULL, NULL},
        {"http://", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str path, query;
        bool ok = http_split_target(str_from(cases[i].target), &path, &query);
        if (ok != (cases[i].path != NULL))
            fail_msg("%s: %s", cases[i].target, ok ? "accepted" : "refused");
        if (!ok)
            continue;
        assert_true(str_eq(path, str_from(cases[i].path)));
        assert_true(str_eq(query, str_from(cases[i].query)));
        assert_int_equal(query.p == NULL, cases[i].query == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_many_headers),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_find_byte_by_byte),
        cmocka_unit_test(test_find_in_many_pieces_at_once),
        cmocka_unit_test(test_split_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
