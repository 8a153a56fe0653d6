#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/buffer.h>
#include <stdio.h>

#include "body.h"
#include "str.h"

struct sample {
    const char *name;
    struct str wire;
    const char *payload; /* NULL: malformed */
    size_t rest;         /* bytes of the next message */
};

#define S(name, wire, payload, rest)                                                               \
    {                                                                                              \
        name, {wire, sizeof(wire) - 1}, payload, rest                                              \
    }

static const struct sample CHUNKED[] = {
    S("one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello", 0),
    S("several", "1\r\nh\r\n3\r\nell\r\n001\r\no\r\n0\r\n\r\nGET", "hello", 3),
    S("empty", "0\r\n\r\n", "", 0),
    S("many zeros", "000\r\n\r\n", "", 0),
    S("upper and lower hex", "A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n",
      "01234567890123456789a", 0),
    S("CRLF as payload", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", 0),
    S("extension", "5;a=b;c=\"d e\"\r\nhello\r\n0;x\r\n\r\n", "hello", 0),
    S("trailers", "5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\nGET", "hello", 3),

    S("no digits", "\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("not hex", "g\r\n", NULL, 0),
    S("prefix 0x", "0x5\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("sign", "+5\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("negative", "-5\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("leading blank", " 5\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("trailing blank", "5 \r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("underscore", "1_0\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("extension without semicolon", "5 a=b\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("overflow to 5", "10000000000000005\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("sixteen digits", "ffffffffffffffff\r\nhello", NULL, 0),
    S("bare LF after the size", "5\nhello\r\n0\r\n\r\n", NULL, 0),
    S("bare CR in the extension", "5;a\rb\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("NUL in the extension", "5;a\0b\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("bare LF after the data", "5\r\nhello\n0\r\n\r\n", NULL, 0),
    S("CR and something after the data", "5\r\nhello\rx0\r\n\r\n", NULL, 0),
    S("data longer than its size", "4\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("data shorter than its size", "6\r\nhello\r\n0\r\n\r\n", NULL, 0),
    S("bare LF at the end", "5\r\nhello\r\n0\r\n\n", NULL, 0),
    S("trailer without colon", "0\r\nA\r\n\r\n", NULL, 0),
    S("folded trailer", "0\r\nA: b\r\n c\r\n\r\n", NULL, 0),
    S("blank before a trailer's colon", "0\r\nA : b\r\n\r\n", NULL, 0),
    S("bare CR in a trailer", "0\r\nA: b\rc\r\n\r\n", NULL, 0),
};

static void check(const struct sample *t, struct http_body *b, enum err rc, struct evbuffer *in,
                  struct evbuffer *out)
{
    if (!t->payload) {
        if (rc != ERR_INVALID_INPUT)
            fail_msg("%s: accepted", t->name);
        return;
    }
    if (rc || !b->done)
        fail_msg("%s: %s", t->name, rc ? "refused" : "not done");
    size_t n = evbuffer_get_length(out);
    assert_int_equal(n, strlen(t->payload));
    assert_int_equal(b->received, n);
    assert_memory_equal(evbuffer_pullup(out, -1), t->payload, n);
    assert_int_equal(evbuffer_get_length(in), t->rest);
}

/* Cut into two pieces at every place, read with every allowance per call. */
static void test_chunked(void **state)
{
    for (size_t i = 0; i < sizeof CHUNKED / sizeof *CHUNKED; i++) {
        const struct sample *t = &CHUNKED[i];
        for (size_t cut = 0; cut <= t->wire.len; cut++) {
            struct http_body b;
            http_body_init(&b, HTTP_BODY_CHUNKED, -1);
            struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
            evbuffer_add(in, t->wire.p, cut);
            enum err rc = http_body_read(&b, in, out, -1);
            evbuffer_add(in, t->wire.p + cut, t->wire.len - cut);
            if (rc == ERR_OK)
                rc = http_body_read(&b, in, out, -1);
            check(t, &b, rc, in, out);
            evbuffer_free(in);
            evbuffer_free(out);
        }
    }
}

static void test_byte_by_byte(void **state)
{
    for (size_t i = 0; i < sizeof CHUNKED / sizeof *CHUNKED; i++) {
        const struct sample *t = &CHUNKED[i];
        struct http_body b;
        http_body_init(&b, HTTP_BODY_CHUNKED, -1);
        struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
        enum err rc = ERR_OK;
        for (size_t n = 0; n < t->wire.len && rc == ERR_OK; n++) {
            evbuffer_add(in, t->wire.p + n, 1);
            rc = http_body_read(&b, in, out, 1);
        }
        check(t, &b, rc, in, out);
        evbuffer_free(in);
        evbuffer_free(out);
    }
}

static void test_max(void **state)
{
    const char wire[] = "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    struct http_body b;
    http_body_init(&b, HTTP_BODY_CHUNKED, -1);
    struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
    evbuffer_add(in, wire, sizeof wire - 1);
    for (int64_t n = 3; n <= 9; n += 3) {
        assert_int_equal(http_body_read(&b, in, out, 3), ERR_OK);
        assert_int_equal(b.received, n);
        assert_false(b.done);
    }
    assert_int_equal(http_body_read(&b, in, NULL, 3), ERR_OK);
    assert_true(b.done);
    assert_int_equal(b.received, 11);
    assert_int_equal(evbuffer_get_length(in), 0);
    assert_memory_equal(evbuffer_pullup(out, -1), "hello wor", 9);
    evbuffer_free(in);
    evbuffer_free(out);
}

static void test_endless_lines(void **state)
{
    static const struct {
        const char *start;
        const char *unit;
        int repeat;
    } cases[] = {
        {"5;", "a", 300},            /* an extension without end */
        {"", "0", 300},              /* a size without end */
        {"0\r\nA: ", "b", 1100},     /* a trailer line without end */
        {"0\r\n", "A: b\r\n", 2200}, /* trailers without end */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_body b;
        http_body_init(&b, HTTP_BODY_CHUNKED, -1);
        struct evbuffer *in = evbuffer_new();
        evbuffer_add_printf(in, "%s", cases[i].start);
        enum err rc = ERR_OK;
        for (int n = 0; n < cases[i].repeat && rc == ERR_OK; n++) {
            evbuffer_add_printf(in, "%s", cases[i].unit);
            rc = http_body_read(&b, in, NULL, -1);
        }
        assert_int_equal(rc, ERR_INVALID_INPUT);
        evbuffer_free(in);
    }
}

static void test_length(void **state)
{
    struct http_body b;
    http_body_init(&b, HTTP_BODY_LENGTH, 5);
    struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
    evbuffer_add(in, "hel", 3);
    assert_int_equal(http_body_read(&b, in, out, -1), ERR_OK);
    assert_false(b.done);
    evbuffer_add(in, "loGET", 5);
    assert_int_equal(http_body_read(&b, in, out, 1), ERR_OK);
    assert_false(b.done);
    assert_int_equal(http_body_read(&b, in, out, 10), ERR_OK);
    assert_true(b.done);
    assert_int_equal(evbuffer_get_length(in), 3);
    assert_memory_equal(evbuffer_pullup(out, -1), "hello", 5);
    assert_int_equal(http_body_read(&b, in, out, -1), ERR_OK);
    assert_int_equal(evbuffer_get_length(in), 3);
    evbuffer_free(in);
    evbuffer_free(out);
}

static void test_framings_without_decoding(void **state)
{
    struct http_body b;
    http_body_init(&b, HTTP_BODY_NONE, -1);
    assert_true(b.done);
    http_body_init(&b, HTTP_BODY_LENGTH, 0);
    assert_true(b.done);
    http_body_init(&b, HTTP_BODY_UNTIL_CLOSE, -1);
    struct evbuffer *in = evbuffer_new(), *out = evbuffer_new();
    evbuffer_add(in, "hello", 5);
    assert_int_equal(http_body_read(&b, in, out, 2), ERR_OK);
    assert_int_equal(evbuffer_get_length(out), 2);
    assert_int_equal(http_body_read(&b, in, out, -1), ERR_OK);
    assert_int_equal(evbuffer_get_length(out), 5);
    assert_false(b.done);
    evbuffer_free(in);
    evbuffer_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunked), cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_max),     cmocka_unit_test(test_endless_lines),
        cmocka_unit_test(test_length),  cmocka_unit_test(test_framings_without_decoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
