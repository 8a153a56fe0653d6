/* Signatures that OpenSSL makes of the same texts with the same keys, which were made for this
 * test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "encode.h"
#include "rs256.h"

static const char KEY[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCOyQunXuOFTljl\n"
                          "lRf/632NsabG+8VjvweBDcWYZyjuX8LaSh2kesbwSnvA4mT7GZYYIaG6N1I8vnDO\n"
                          "iBdwOYnAAGyD2uCJDNryFitvjrZcBCGkD3PWqMQdMTcYT6AB94BDOUElmyu/fuL5\n"
                          "xYgMJ9r1eSGQhLk964Mhf/2o3gly+3RWzyB67MDXuy9052men7BmJsXfpYiqFjGV\n"
                          "Vna6GqMbkGd4x1+YMi/veSj8mDxXXzzU3qwMTDfG685PIx3nzFlZQ9qT911PrFqR\n"
                          "J2QuVTDBCoc1/vxztySAKiDQR3IMRddJWpBgwUt2H3/a/vK2hTBhNRFPCBwmRlgm\n"
                          "6/4r/FKDAgMBAAECggEAOl7e6D+mxF7IgaZHJuR2sb+vvcW8JnA4GZ5vKkP13CkC\n"
                          "p6lH3+8fN6lDWRFUFcCaduf8zPsDn/h8djn1Vvf2o6qoseh/BRffw7qjbBoL26cG\n"
                          "t6JniRf6ADMX4lTexR8QbKrRwpViN4kgMdp6KPn8DYDE42cWsUT/mOjRYkDO3RVp\n"
                          "Uw0EZ58mCFY3trHvr2KfxG4kB1A6waSNQSKU/rlLA0i7IkiBYfrphGkGWSAZj/YI\n"
                          "zpFEAYJnFi+tnareNZRTM89QCKfnUszR29/Mh/MGD07Zkm5pB4t++nPM8ZS1z8yO\n"
                          "SW4Z69g4r+S4FH8nuq3wBT0bgUnppAkkKXfGcO04iQKBgQDErTJGy5yB7rs3PePy\n"
                          "6a7dCqycfaIBnq6lWPw+AOcE4EfzSRSkDGr1ecMK1p/zbMcb/XHjOz0atkb1NgKp\n"
                          "WR+EeswYju6KLlIA6V7aHzr3F1SxC9XHbpFu1Q0FtL1/2qJaR11leO3ciHeiyyQU\n"
                          "ax7quZIPRnoXNxMSrfpVzFFlOwKBgQC52oXZ6a5qjdI0QtPCmepcKhUE/zDS18sk\n"
                          "sqXyIsBMTdAp0Uk3ikQD8t2skq0GloCOwnNPW2MDPbV2Nk8InKivxjAOgBZ782oj\n"
                          "hxkZxcx1qESwYp+LcqyhPCaE0ZMnUjRJvTYPo99Lvqd8gP3rcHteQ0Mfji+dJ7Pi\n"
                          "J2eZabpTWQKBgQCnC2+rX56TYR/T4JYuKDpj9X/7/lzOQWeWeojrZLrSkmeqA8Ur\n"
                          "PHzP99Yn63i5OQe4B0Bmvla8zFpiRLhn+5FgZSfaJ/QEmyj9Kzlry6C6Yy+EnEe7\n"
                          "dnbBiuTfls5ovFqukPSLjfWBHMt4Ek+XpBADTw/2N2bVNurVL71yh/IOJwKBgDK5\n"
                          "mLS8GdWNNaT75E4FsjhLaAdAGzRAn3o5pB8tKuzog/sV2vTksOGfBK+YLM9Sfm34\n"
                          "Vn5/Q8vbqM5FzlZcY5Ht9qnOfdSAwCRIOCqXmNE4Bt9ZW5A00TcEcsLnbFFcF1dU\n"
                          "5A9qu4Qx2gaaMjNzNMiqdQSEyywKbQc5mAYAHFGpAoGANmWsitYX/aRh70tP+q4D\n"
                          "tmTp+PrutgSl9QDgO0vLelLR5kDiWooG8/EnxUiPw1dW3Hz26B9agah69cyzikpo\n"
                          "4UNBjMa0UsCdHqALYG0NHaNLngTKB56IG1GIX2vHXgGrddnmltLuVPeMFN+TjBAs\n"
                          "WK1r12Ju1PTaN1ejdojNQy4=\n"
                          "-----END PRIVATE KEY-----\n";

static const char SIGNATURE[] =
    "7292c51a757c51d52bf98a63d6979713ebc0239518f9abd9ebca3f095694e401e488376520dbc4a3"
    "1b9fbcc0b20bcb056e8b40dd0267db9d18b84288c2e84cd16782f9750f90e6cd0c4ad28dc0d4409d"
    "9d471af7089d79dbfd4c6e2fbf7cc451a315a32a0521e1ea685e46fcda1bd9248c50aecbaa0aedd7"
    "ded2220e8039e8e67cf392cc01fcc8ac6fb01e2aa5dcdc01f791da727f8f3783f7b1a36d751de45c"
    "694460bedecf2fc3353a2fe008259c357de3c6a3cf6d5552437805df9cc92de4015f3537da9e76ed"
    "35cfdd8ac52348a85fb1d2049bebb13401324c9c608f18a5f1fef3f6926a50ef7a26f65e46a50409"
    "7ea2debd47f6f217fc8f3202ad9243ba";

static const char ELLIPTIC[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZ/nfpSFjd3zBZZwI\n"
                               "1pVqIMrs7hFOAPTHxF/QqjbaxjehRANCAATr58QOAPGxEP7anlCP+dooxc04hBZ0\n"
                               "mrKlAgiqW/iNKGPSqnxWetuwwxJj1PB7ch49Q/p9czn8nT4yEaQ/5wKY\n"
                               "-----END PRIVATE KEY-----\n";

static const char SHORT[] = "-----BEGIN PRIVATE KEY-----\n"
                            "MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAMIVXW37j31rwRwQ\n"
                            "abynIKPU/PVKxVJXEa/swSlSrQLerdr/zYZ7EyJmY8wtdM2XTDNm8MO5dc2DnzLo\n"
                            "hyhNZpiaWDPWgaecQBzd1t8ttspkXOvYqGvNY6eWqgkGCzWBOIycQHwFvundzVge\n"
                            "xOLomVJjNuowz8zIxaXLJR5agpEHAgMBAAECgYEAmeohlugJyjgbA+uMPxz3CJYP\n"
                            "KWPrijocf7ytDt1O8Viw3V1Bm2WdLgmvGSvvVl+nAZigVUeNwbahGNlI3lBLjFUg\n"
                            "3fWFzRE7N5Y4Ma5TlWfLcu4mZkZodvjXMHvFYeZwxvY3/wV4teA2cPmQFlIrN2Gf\n"
                            "S8r4bHUh71QwiQi+qZkCQQDxog3hpfoRE9JxwUchxRTK51NT0AMVA76RZv71IQRp\n"
                            "uC8YlArKNIRajd7ICChgTDdOtd4wA94XAs6b+JlyUDJTAkEAzZ+MjPP6Y2gusZOH\n"
                            "MsvY61gEyU4cJG87ZTZiPrbKGkLpPWZYLG9c6bRaes1q0dLQeOjpZPBJUYHhB65L\n"
                            "M6s3/QJAfW83r4y+3MCifUTtTR2G5rHhMuAHyY/xDIAgGFY0eUEQybyIQWGz12JQ\n"
                            "ZRy/AQZvq5+DoP9Q+jcN1C/gUFRLWwJBALN42QKGSTvOyUKxU8Ygapsv3i2ega3D\n"
                            "cIIs759xiAFX+aBf3gIayWwqwPaCqQOvD8sY7+3sVPJRfIpptLXKcjkCQCAyo1Wg\n"
                            "/nZ7jWcuImjYOryHlwZLBaowF6AYsuPWXOYhPk2Wb4BR2VnyxSVPyaLRL0N0GAqR\n"
                            "xWWjaX2B05oJcU0=\n"
                            "-----END PRIVATE KEY-----\n";

static void test_a_signature_is_that_of_others(void **state)
{
    struct arena *a = arena_new();
    struct str signature;
    char hex[2 * 256 + 1];
    (void)state;
    assert_int_equal(rs256_sign(a, str_from(KEY), STR("header.claims"), &signature), ERR_OK);
    assert_int_equal(signature.len, 256);
    hex_encode(signature.p, signature.len, hex);
    assert_string_equal(hex, SIGNATURE);
    arena_free(a);
}

static void test_other_keys_are_refused(void **state)
{
    static const char *const KEYS[] = {"", "nonsense", ELLIPTIC, SHORT,
                                       "-----BEGIN PRIVATE KEY-----\n"};
    struct arena *a = arena_new();
    struct str signature;
    (void)state;
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        assert_int_equal(rs256_sign(a, str_from(KEYS[i]), STR("x"), &signature), ERR_INVALID_INPUT);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signature_is_that_of_others),
        cmocka_unit_test(test_other_keys_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
