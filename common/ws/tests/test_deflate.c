#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include <zlib.h>

#include "arena.h"
#include "deflate.h"

#define PLAIN "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

static const struct offer_case {
    const char *offers;
    int bits; /* 0: declined */
    const char *answer;
} OFFERS[] = {
    {"permessage-deflate", 15, PLAIN},
    {"Permessage-Deflate;Client_Max_Window_Bits", 15, PLAIN},
    {"permessage-deflate; client_max_window_bits=10", 15, PLAIN},
    {"permessage-deflate; client_max_window_bits=\"10\"", 15, PLAIN},
    {"permessage-deflate; server_no_context_takeover; client_no_context_takeover", 15, PLAIN},
    {"permessage-deflate; server_max_window_bits=8", 8, PLAIN "; server_max_window_bits=8"},
    {"permessage-deflate ;\tserver_max_window_bits = \"15\"", 15,
     PLAIN "; server_max_window_bits=15"},
    {"x-webkit-deflate-frame, permessage-deflate", 15, PLAIN},
    {"foo; a=\"b\"; c, bar ; d=e , permessage-deflate; client_max_window_bits", 15, PLAIN},
    /* The first that can be kept. */
    {"permessage-deflate; future=1, permessage-deflate; server_max_window_bits=9, "
     "permessage-deflate",
     9, PLAIN "; server_max_window_bits=9"},
    {"", 0, NULL},
    {"x-webkit-deflate-frame", 0, NULL},
    {"permessage-deflate; future", 0, NULL},
    {"permessage-deflate; server_max_window_bits", 0, NULL},
    {"permessage-deflate; server_max_window_bits=7", 0, NULL},
    {"permessage-deflate; server_max_window_bits=16", 0, NULL},
    {"permessage-deflate; server_max_window_bits=08", 0, NULL},
    {"permessage-deflate; server_max_window_bits=1e", 0, NULL},
    {"permessage-deflate; server_max_window_bits=-9", 0, NULL},
    {"permessage-deflate; server_max_window_bits=99999999999999999999", 0, NULL},
    {"permessage-deflate; client_max_window_bits=", 0, NULL},
    {"permessage-deflate; client_max_window_bits=20", 0, NULL},
    {"permessage-deflate; server_no_context_takeover=1", 0, NULL},
    {"permessage-deflate; client_no_context_takeover=\"x\"", 0, NULL},
    {"permessage-deflate; client_max_window_bits; client_max_window_bits", 0, NULL},
    {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", 0, NULL},
    {"permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", 0, NULL},
    {"permessage-deflate;", 0, NULL},
    {"permessage-deflate; server_max_window_bits=\"9", 0, NULL},
    {",permessage-deflate", 0, NULL},
    {"foo bar, permessage-deflate", 0, NULL},
    {"\"permessage-deflate\"", 0, NULL},
};

static void test_offers(void **state)
{
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof OFFERS / sizeof *OFFERS; i++) {
        const struct offer_case *t = &OFFERS[i];
        int bits = 0;
        struct str answer;
        if (ws_deflate_negotiate(a, str_from(t->offers), &bits, &answer) != (t->bits > 0))
            fail_msg("%s: %s", t->offers, t->bits ? "declined" : "accepted");
        if (t->bits && (bits != t->bits || !str_eq(answer, str_from(t->answer))))
            fail_msg("%s: %d %.*s", t->offers, bits, STR_ARG(answer));
    }
    int bits;
    struct str answer;
    assert_false(ws_deflate_negotiate(a, STR_NULL, &bits, &answer));
    arena_free(a);
}

/* ---- payloads ----------------------------------------------------------------------------- */

static void expect_text(struct str payload, size_t max, int error, struct str text)
{
    struct buf out;
    buf_init(&out, NULL);
    char *copy = test_malloc(payload.len + 1);
    memcpy(copy, payload.p, payload.len);
    assert_int_equal(ws_inflate(str_n(copy, payload.len), max, &out), error);
    if (!error)
        assert_true(str_eq(buf_str(&out), text));
    test_free(copy);
    buf_release(&out);
}

/* The examples of RFC 7692 §7.2.3. */
static void test_examples(void **state)
{
    struct str hello = STR("Hello");
    expect_text(STR("\xf2\x48\xcd\xc9\xc9\x07\x00"), 5, 0, hello);
    expect_text(STR("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), 5, 0, hello);
    expect_text(STR("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), 5, 0, hello);
    expect_text(STR("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), 5, 0, hello);
    expect_text(STR("\x00"), 5, 0, STR(""));
}

static void test_malformed(void **state)
{
    static const struct str cases[] = {
        STR(""),
        STR("\xf2\x48\xcd"),
        STR("\xff\xff\xff\xff"),
        STR("\x06"),
        STR("\x00\x05\x00\xfa\xffHel"),
        /* Refers to what is not there. */
        STR("\x02\x13\x00\x00"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_text(cases[i], 100, 1007, STR(""));
    /* One that has failed leaves nothing behind. */
    expect_text(STR("\xf2\x48\xcd\xc9\xc9\x07\x00"), 5, 0, STR("Hello"));
}

static void test_limit(void **state)
{
    expect_text(STR("\xf2\x48\xcd\xc9\xc9\x07\x00"), 4, 1009, STR(""));
    expect_text(STR("\xf2\x48\xcd\xc9\xc9\x07\x00"), 0, 1009, STR(""));
}

static void test_round_trips(void **state)
{
    enum { MAX = 1 << 17 };
    static char text[MAX];
    struct buf out;
    buf_init(&out, NULL);
    srandom(1);
    for (size_t i = 0; i < MAX; i++)
        text[i] = (char)('a' + random() % 4);
    for (size_t n = 0; n <= MAX; n = n < 300 ? n + 1 : n * 3 / 2) {
        if (!ws_deflate(str_n(text, n), &out)) {
            assert_true(n < 64);
            continue;
        }
        assert_true(out.len < n);
        expect_text(buf_str(&out), n, 0, str_n(text, n));
        expect_text(buf_str(&out), n - 1, 1009, STR(""));
    }
    for (size_t i = 0; i < MAX; i++)
        text[i] = (char)random();
    assert_false(ws_deflate(str_n(text, MAX), &out));
    buf_release(&out);
}

/* A thousandfold bomb is given up at the limit. */
static void test_bomb(void **state)
{
    enum { SIZE = 16 << 20 };
    char *zeros = test_calloc(SIZE, 1);
    struct buf bomb, out;
    buf_init(&bomb, NULL);
    buf_init(&out, NULL);
    assert_true(ws_deflate(str_n(zeros, SIZE), &bomb));
    assert_true(bomb.len < SIZE / 500);
    assert_int_equal(ws_inflate(buf_str(&bomb), 65536, &out), 1009);
    assert_true(out.cap <= 4 * 65536);
    buf_release(&bomb);
    buf_release(&out);
    test_free(zeros);
}

/* Final blocks within a message: text after one may refer to text before it. */
static void test_final_blocks(void **state)
{
    static const char part[] = "once upon a time there was a text that came twice";
    struct buf b;
    buf_init(&b, NULL);
    for (int i = 0; i < 2; i++) {
        z_stream z = {0};
        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        if (i)
            assert_int_equal(deflateSetDictionary(&z, (const unsigned char *)part, sizeof part - 1),
                             Z_OK);
        z.next_in = (unsigned char *)(uintptr_t)part;
        z.avail_in = sizeof part - 1;
        z.next_out = (unsigned char *)buf_reserve(&b, 200);
        z.avail_out = 200;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        b.len += 200 - z.avail_out;
        deflateEnd(&z);
    }
    assert_true(b.len < sizeof part + 10);
    buf_add_char(&b, 0);
    char twice[2 * sizeof part];
    memcpy(twice, part, sizeof part - 1);
    memcpy(twice + sizeof part - 1, part, sizeof part - 1);
    expect_text(buf_str(&b), 1000, 0, str_n(twice, 2 * (sizeof part - 1)));
    /* But not thousands of them. */
    buf_clear(&b);
    for (int i = 0; i < 1000; i++)
        BUF_LIT(&b, "\x03\x00");
    buf_add_char(&b, 0);
    expect_text(buf_str(&b), 1000, 1007, STR(""));
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offers),       cmocka_unit_test(test_examples),
        cmocka_unit_test(test_malformed),    cmocka_unit_test(test_limit),
        cmocka_unit_test(test_round_trips),  cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_final_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
