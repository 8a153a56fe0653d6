#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "frame.h"

static const struct head_case {
    const char *name, *bytes;
    size_t n;
    int result;
    enum ws_opcode opcode;
    int64_t len;
} HEADS[] = {
    {"text", "\x81\x85mask", 6, 1, WS_OP_TEXT, 5},
    {"first fragment", "\x01\x80mask", 6, 1, WS_OP_TEXT, 0},
    {"continuation", "\x80\xfdmask", 6, 1, WS_OP_CONTINUATION, 125},
    {"16 bits", "\x82\xfe\x00\x7emask", 8, 1, WS_OP_BINARY, 126},
    {"64 bits", "\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00mask", 14, 1, WS_OP_TEXT, 65536},
    {"ping", "\x89\xfdmask", 6, 1, WS_OP_PING, 125},
    {"nothing", "", 0, 0, 0, 0},
    {"one byte", "\x81", 1, 0, 0, 0},
    {"half a mask", "\x81\x85ma", 4, 0, 0, 0},
    {"half a length", "\x81\xff\x00\x00\x00", 5, 0, 0, 0},
    {"unmasked", "\x81\x05", 2, -1, 0, 0},
    {"RSV1", "\xc1\x85mask", 6, -1, 0, 0},
    {"RSV2", "\xa1\x85mask", 6, -1, 0, 0},
    {"RSV3", "\x91\x85mask", 6, -1, 0, 0},
    {"opcode 3", "\x83\x80mask", 6, -1, 0, 0},
    {"opcode 7", "\x87\x80mask", 6, -1, 0, 0},
    {"opcode 11", "\x8b\x80mask", 6, -1, 0, 0},
    {"opcode 15", "\x8f\x80mask", 6, -1, 0, 0},
    {"fragmented ping", "\x09\x80mask", 6, -1, 0, 0},
    {"long ping", "\x89\xfe\x00\x7emask", 8, -1, 0, 0},
    {"16 bits for 125", "\x81\xfe\x00\x7dmask", 8, -1, 0, 0},
    {"64 bits for 65535", "\x81\xff\x00\x00\x00\x00\x00\x00\xff\xffmask", 14, -1, 0, 0},
    {"negative length", "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00mask", 14, -1, 0, 0},
};

static void test_heads(void **state)
{
    for (size_t i = 0; i < sizeof HEADS / sizeof *HEADS; i++) {
        const struct head_case *t = &HEADS[i];
        struct ws_frame_head h;
        uint8_t *copy = test_malloc(t->n + 1);
        memcpy(copy, t->bytes, t->n);
        int got = ws_parse_head(copy, t->n, false, &h);
        if (got != t->result)
            fail_msg("%s: %d", t->name, got);
        if (got == 1) {
            assert_int_equal(h.opcode, t->opcode);
            assert_int_equal(h.payload_len, t->len);
            assert_int_equal(h.head_len, t->n);
            assert_memory_equal(h.mask, "mask", 4);
        }
        test_free(copy);
    }
}

/* RSV1 once compression was agreed on: only where a message begins. */
static void test_compressed_heads(void **state)
{
    static const struct {
        int first, result;
    } cases[] = {
        {0xc1, 1},  {0x41, 1},  {0xc2, 1},  {0xc0, -1}, {0x40, -1},
        {0xc8, -1}, {0xc9, -1}, {0xca, -1}, {0xe1, -1}, {0xd1, -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t head[] = {(uint8_t)cases[i].first, 0x85, 'm', 'a', 's', 'k'};
        struct ws_frame_head h;
        if (ws_parse_head(head, sizeof head, true, &h) != cases[i].result)
            fail_msg("%x", cases[i].first);
        assert_int_equal(ws_parse_head(head, sizeof head, false, &h), -1);
        if (cases[i].result == 1)
            assert_true(h.is_deflated);
    }
}

static void test_unmask(void **state)
{
    const uint8_t mask[4] = {1, 2, 4, 8};
    for (size_t n = 0; n < 40; n++)
        for (uint64_t offset = 0; offset < 5; offset++) {
            uint8_t got[40] = {0};
            ws_unmask(got, n, mask, offset);
            for (size_t i = 0; i < sizeof got; i++)
                assert_int_equal(got[i], i < n ? mask[(i + offset) % 4] : 0);
        }
}

static void test_written_heads(void **state)
{
    static const size_t sizes[] = {0, 125, 126, 65535, 65536, 1u << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t out[WS_MAX_HEAD] = {0};
        struct ws_frame_head h;
        bool is_deflated = i & 1;
        size_t n = ws_write_head(out, WS_OP_TEXT, is_deflated, sizes[i]);
        assert_false(out[1] & 0x80);
        /* With the mask bit set it is what a client would send. */
        out[1] |= 0x80;
        assert_int_equal(ws_parse_head(out, n + 4, true, &h), 1);
        assert_int_equal(h.is_deflated, is_deflated);
        assert_true(h.is_final);
        assert_int_equal(h.payload_len, sizes[i]);
    }
}

static void test_close_payloads(void **state)
{
    static const struct {
        struct str payload;
        int code, error; /* error 0: well-formed */
    } cases[] = {
        {STR(""), 1005, 0},         {STR("\x03"), 0, 1002},
        {STR("\x03\xe8"), 1000, 0}, {STR("\x03\xe8gone"), 1000, 0},
        {STR("\x03\xed"), 0, 1002}, {STR("\x03\xee"), 0, 1002},
        {STR("\x03\xe7"), 0, 1002}, {STR("\x03\xec"), 0, 1002},
        {STR("\x0b\xb8"), 3000, 0}, {STR("\x13\x88"), 0, 1002},
        {STR("\x00\x00"), 0, 1002}, {STR("\x03\xe8\xff"), 0, 1007},
        {STR("\x11\x31"), 4401, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int code, error;
        bool ok = ws_parse_close(cases[i].payload, &code, &error);
        assert_int_equal(ok, cases[i].error == 0);
        assert_int_equal(ok ? code : error, ok ? cases[i].code : cases[i].error);
    }
}

/* Every pair of bytes, and longer sequences, cut at every place, judged as str_is_utf8 does. */
static void test_utf8(void **state)
{
    static const char *const samples[] = {
        "plain ascii that is longer than a word",
        "k\xc3\xb6nnen",
        "\xe2\x82\xac and more ascii",
        "\xf0\x9f\x98\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xc0\xaf",
        "\xc3",
        "\xe2\x82",
        "\xf0\x9f\x98",
        "abc\x80",
        "\xff",
        "\xc3(",
        "12345678\xc3\xa4"
        "12345678",
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct str s = str_from(samples[i]);
        for (size_t cut = 0; cut <= s.len; cut++) {
            struct utf8_check u = {0};
            bool ok = utf8_check(&u, (const uint8_t *)s.p, cut) &&
                      utf8_check(&u, (const uint8_t *)s.p + cut, s.len - cut) &&
                      utf8_is_complete(&u);
            if (ok != str_is_utf8(s))
                fail_msg("sample %zu cut at %zu", i, cut);
        }
    }
    for (int i = 0; i < 0x10000; i++) {
        const uint8_t pair[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        struct utf8_check u = {0};
        bool ok = utf8_check(&u, pair, 2) && utf8_is_complete(&u);
        assert_int_equal(ok, str_is_utf8(str_n((const char *)pair, 2)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),          cmocka_unit_test(test_compressed_heads),
        cmocka_unit_test(test_unmask),         cmocka_unit_test(test_written_heads),
        cmocka_unit_test(test_close_payloads), cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
