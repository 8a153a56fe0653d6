/* Digests against the published vectors of FIPS 180-4 and RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "digest.h"
#include "encode.h"

static void assert_hex(const uint8_t *digest, size_t n, const char *want)
{
    char hex[2 * SHA256_SIZE + 1];

    hex_encode(digest, n, hex);
    assert_string_equal(hex, want);
}

static void test_sha256(void **state)
{
    static const struct {
        struct str in;
        const char *out;
    } cases[] = {
        {STR(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {STR_NULL, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {STR("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t out[SHA256_SIZE];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sha256(cases[i].in, out);
        assert_hex(out, sizeof out, cases[i].out);
    }
}

static void test_sha256_in_pieces(void **state)
{
    struct str text = STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    uint8_t whole[SHA256_SIZE], pieces[SHA256_SIZE];

    sha256(text, whole);
    for (size_t at = 0; at <= text.len; at++) {
        struct sha256_stream *s = sha256_stream_new();

        sha256_stream_add(s, str_slice(text, 0, at));
        sha256_stream_add(s, STR(""));
        sha256_stream_add(s, str_slice(text, at, text.len));
        sha256_stream_end(s, pieces);
        sha256_stream_free(s);
        assert_memory_equal(whole, pieces, sizeof whole);
    }
}

static void test_sha1(void **state)
{
    uint8_t out[SHA1_SIZE];

    sha1(STR("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"), out);
    assert_hex(out, sizeof out, "b37a4f2cc0624f1690f64606cf385945b2bec4ea"); /* RFC 6455 §1.3 */
}

static void test_hmac(void **state)
{
    static char twenty_0b[20], hundred31_aa[131];
    const struct {
        struct str key, in;
        const char *out;
    } cases[] = {
        {str_n(twenty_0b, 20), STR("Hi There"),
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {STR("Jefe"), STR("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {str_n(hundred31_aa, 131), STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {STR(""), STR(""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    uint8_t out[SHA256_SIZE];

    memset(twenty_0b, 0x0b, sizeof twenty_0b);
    memset(hundred31_aa, 0xaa, sizeof hundred31_aa);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hmac_key *key = hmac_key_new(cases[i].key);

        hmac_sha256(cases[i].key, cases[i].in, out);
        assert_hex(out, sizeof out, cases[i].out);
        for (int again = 0; again < 2; again++) { /* the kept states do not wear out */
            memset(out, 0, sizeof out);
            hmac_key_sign(key, cases[i].in, out);
            assert_hex(out, sizeof out, cases[i].out);
        }
        hmac_key_free(key);
    }
    hmac_key_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_sha256_in_pieces),
        cmocka_unit_test(test_sha1),
        cmocka_unit_test(test_hmac),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
