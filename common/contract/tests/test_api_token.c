/* API tokens: the form, the checksum, what is not one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api_token.h"

static void test_a_new_token_is_well_formed_and_new(void **state)
{
    char one[API_TOKEN_LEN + 1], two[API_TOKEN_LEN + 1];

    (void)state;
    for (int i = 0; i < 100; i++) {
        api_token_make(one);
        api_token_make(two);
        assert_int_equal(strlen(one), API_TOKEN_LEN);
        assert_string_not_equal(one, two);
        assert_true(api_token_is_claimed(str_from(one)));
        assert_true(api_token_is_well_formed(str_from(one)));
    }
}

/* The CRC-32 of "tts_" and 36 zeros is 0x8593a1e8. */
static void test_the_checksum_is_crc32_in_base_62(void **state)
{
    (void)state;
    assert_true(api_token_is_well_formed(STR("tts_0000000000000000000000000000000000002RfCAa")));
}

static void test_every_slip_is_noticed(void **state)
{
    char token[API_TOKEN_LEN + 2];

    (void)state;
    api_token_make(token);
    for (size_t i = 0; i < API_TOKEN_LEN; i++) {
        char before = token[i];
        token[i] = before == 'x' ? 'y' : 'x';
        assert_false(api_token_is_well_formed(str_from(token)));
        token[i] = before;
        assert_false(api_token_is_well_formed(str_n(token, i)));
    }
    assert_true(api_token_is_well_formed(str_from(token)));
    token[API_TOKEN_LEN] = '0';
    token[API_TOKEN_LEN + 1] = '\0';
    assert_false(api_token_is_well_formed(str_from(token)));
    assert_false(api_token_is_well_formed(STR("")));
    assert_false(api_token_is_claimed(STR("eyJhbGciOiJIUzI1NiJ9.e30.x")));
    assert_false(api_token_is_claimed(STR_NULL));
}

static void test_the_hash_is_sha256(void **state)
{
    char hash[API_TOKEN_HASH_LEN + 1];

    (void)state;
    api_token_hash(STR("abc"), hash);
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_token_is_well_formed_and_new),
        cmocka_unit_test(test_the_checksum_is_crc32_in_base_62),
        cmocka_unit_test(test_every_slip_is_noticed),
        cmocka_unit_test(test_the_hash_is_sha256),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
