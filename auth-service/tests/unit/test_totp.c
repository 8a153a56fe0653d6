#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"
#include "factor/code.h"
#include "factor/totp.h"

static const struct str SECRET = {"12345678901234567890", 20};

/* RFC 6238 appendix B, the last six digits. */
static void the_codes_of_the_rfc(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *code;
    } CASES[] = {
        {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
        {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
    };

    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char code[TOTP_DIGITS + 1];
        totp_code(SECRET, CASES[i].seconds / 30, code);
        assert_string_equal(code, CASES[i].code);
        assert_int_equal(
            totp_match(SECRET, str_from(CASES[i].code), CASES[i].seconds * US_PER_S, 0),
            CASES[i].seconds / 30);
    }
}

static void a_code_is_good_a_step_early_and_late_and_once(void **state)
{
    (void)state;
    const int64_t step = 37037036, second = US_PER_S;
    struct str code = STR("081804");

    for (int64_t at = (step - 1) * 30; at < (step + 2) * 30; at += 10)
        assert_int_equal(totp_match(SECRET, code, at * second, 0), step);
    assert_int_equal(totp_match(SECRET, code, ((step - 1) * 30 - 1) * second, 0), 0);
    assert_int_equal(totp_match(SECRET, code, (step + 2) * 30 * second, 0), 0);
    assert_int_equal(totp_match(SECRET, code, step * 30 * second, step - 1), step);
    assert_int_equal(totp_match(SECRET, code, step * 30 * second, step), 0);
    assert_int_equal(totp_match(SECRET, STR("81804"), step * 30 * second, 0), 0);
    assert_int_equal(totp_match(SECRET, STR(""), step * 30 * second, 0), 0);
}

static void the_url_is_what_apps_read(void **state)
{
    (void)state;
    struct arena *a = arena_new();

    assert_true(str_eq(totp_secret_text(a, STR("12345678901234567890")),
                       STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")));
    assert_true(str_eq(totp_secret_text(a, STR("fo")), STR("MZXQ")));
    assert_true(str_eq(totp_secret_text(a, STR("")), STR("")));
    assert_true(str_eq(totp_url(a, STR("foo"), STR("TTS Helpdesk"), STR("ann@example.com")),
                       STR("otpauth://totp/TTS%20Helpdesk:ann%40example.com?secret=MZXW6"
                           "&issuer=TTS%20Helpdesk&algorithm=SHA1&digits=6&period=30")));
    arena_free(a);
}

static void typed_recovery_codes_are_read_kindly(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct str code = recovery_code_new(a);
    struct str hash = recovery_code_hash(a, code);

    assert_int_equal(code.len, 19);
    assert_true(str_eq(recovery_code_hash(a, str_lower(a, code)), hash));
    assert_true(
        str_eq(recovery_code_hash(a, str_printf(a, " %.4s %.15s", code.p, code.p + 4)), hash));
    assert_false(str_eq(recovery_code_hash(a, recovery_code_new(a)), hash));
    arena_free(a);
}

static void mailed_codes_are_six_digits_and_bound_to_the_person(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    const uint8_t key[SHA256_SIZE] = {1}, other[SHA256_SIZE] = {2};

    for (int i = 0; i < 1000; i++)
        assert_true(code_is_digits(code_new(a)));
    assert_false(code_is_digits(STR("12345")));
    assert_false(code_is_digits(STR("12345x")));
    assert_true(str_eq(code_mac(a, key, 7, STR("123456")), code_mac(a, key, 7, STR("123456"))));
    assert_false(str_eq(code_mac(a, key, 7, STR("123456")), code_mac(a, key, 8, STR("123456"))));
    assert_false(str_eq(code_mac(a, key, 7, STR("123456")), code_mac(a, other, 7, STR("123456"))));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_codes_of_the_rfc),
        cmocka_unit_test(a_code_is_good_a_step_early_and_late_and_once),
        cmocka_unit_test(the_url_is_what_apps_read),
        cmocka_unit_test(typed_recovery_codes_are_read_kindly),
        cmocka_unit_test(mailed_codes_are_six_digits_and_bound_to_the_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
