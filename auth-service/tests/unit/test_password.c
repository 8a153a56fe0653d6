#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/password_rule.h"
#include "loop.h"
#include "password/hash.h"
#include "password/pool.h"

static void a_new_password_must_satisfy_the_policy(void **state)
{
    (void)state;
    static const struct password_policy lenient = {6, false}, strict = {8, true};
    static char long_one[PASSWORD_MAX_BYTES + 2];
    struct str email = STR("ann@example.com");

    memset(long_one, 'x', sizeof long_one - 1);
    assert_null(password_problem(&lenient, STR("test123"), email));
    assert_null(password_problem(&lenient, STR("\xc3\xa4\xc3\xb6\xc3\xbcxyz"), email));
    assert_string_equal(password_problem(&lenient, STR("five5"), email), "password too short");
    assert_string_equal(password_problem(&lenient, STR("\xc3\xa4\xc3\xb6\xc3\xbc"), email),
                        "password too short");
    assert_string_equal(password_problem(&lenient, str_from(long_one), email), "password too long");
    assert_null(
        password_problem(&lenient, str_slice(str_from(long_one), 0, PASSWORD_MAX_BYTES), email));
    assert_string_equal(password_problem(&lenient, STR("ANN@example.com"), email),
                        "password must differ from the email");
    assert_string_equal(password_problem(&strict, STR("Password1"), email),
                        "password must not be a common one");
    assert_string_equal(password_problem(&strict, STR("demo-pass-1"), email),
                        "password must not be a common one");
    assert_null(password_problem(&strict, STR("correct horse"), email));
}

static void a_new_hash_is_yescrypt_and_salted(void **state)
{
    (void)state;
    char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];

    assert_true(password_hash_make("test123", one));
    assert_true(password_hash_make("test123", two));
    assert_memory_equal(one, "$y$", 3);
    assert_string_not_equal(one, two);
    assert_true(password_hash_matches("test123", one));
    assert_false(password_hash_matches("test124", one));
    assert_false(password_hash_matches("", one));
    assert_true(password_hash_is_current(one));
}

static void hashes_of_other_systems_are_verified(void **state)
{
    (void)state;
    /* Made with Python's crypt and hashlib. */
    static const char *const hashes[] = {
        "$2b$05$abcdefghijklmnopqrstuuiSxrCHLVwpmVwT4EU3KSeUZ1NHx9EI2",
        "pbkdf2_sha256$1000$NaCl$9TKbMF1Sczrevttv0LEJA3Sm3eWSDb7VWKY/f6pZVVc=",
        "$6$saltsalt$U5d2t4MFT.Hn/auqLjcfU6R/lm2Y71FvBwABEOht/"
        "UpRtNzcFvzGl/oU6V38pYgY8ZpicOa.0ESff5jRNylZM.",
    };

    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        assert_true(password_hash_matches("test123", hashes[i]));
        assert_false(password_hash_matches("Test123", hashes[i]));
        assert_false(password_hash_is_current(hashes[i]));
    }
}

static void malformed_hashes_match_nothing(void **state)
{
    (void)state;
    static const char *const hashes[] = {
        "",
        "*",
        "test123",
        "$",
        "$y$",
        "$9z$unknown$method",
        "abSxKRUfwk/Bk", /* traditional DES */
        "pbkdf2_sha256$",
        "pbkdf2_sha256$0$NaCl$9TKbMF1Sczrevttv0LEJA3Sm3eWSDb7VWKY/f6pZVVc=",
        "pbkdf2_sha256$999999999$NaCl$9TKbMF1Sczrevttv0LEJA3Sm3eWSDb7VWKY/f6pZVVc=",
        "pbkdf2_sha256$1000$NaCl$9TKbMF1Sczrevttv0LEJA3Sm3eWSDb7VWKY/f6pZVV==",
        "pbkdf2_sha256$1000$NaCl$9TKb",
        "pbkdf2_sha256$1000$NaCl$9TKbMF1Sczrevttv0LEJA3Sm3eWSDb7VWKY/f6pZVVc=$more",
        "pbkdf2_sha1$1000$NaCl$9TKbMF1Sczrevttv0LEJA3Sm3eWSDb7VWKY/f6pZVVc=",
    };

    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        assert_false(password_hash_matches("test123", hashes[i]));
}

/* ---- the pool ------------------------------------------------------------------------------ */

#define FLOOD 8

struct flood {
    struct loop *loop;
    struct password_pool *pool;
    int accepted, refused, left;
};

static void CO_FN make_one(void *arg)
{
    struct flood *f = arg;
    struct arena *a = arena_new();
    struct str hash;
    enum err rc = password_pool_make(f->pool, a, STR("test123"), &hash);

    if (rc == ERR_OK)
        f->accepted += password_hash_matches("test123", hash.p);
    else
        f->refused += rc == ERR_SERVICE_UNAVAILABLE;
    arena_free(a);
    if (--f->left == 0)
        loop_stop(f->loop);
}

static void a_flood_is_refused_beyond_the_queue(void **state)
{
    (void)state;
    struct flood f = {.loop = loop_new(), .left = FLOOD};

    f.pool = password_pool_new(f.loop, 1, 2);
    for (int i = 0; i < FLOOD; i++)
        co_start(f.loop, make_one, &f, "flood");
    loop_run(f.loop);
    assert_int_equal(f.accepted + f.refused, FLOOD);
    assert_in_range(f.accepted, 2, 4);
    password_pool_free(f.pool);
    loop_free(f.loop);
}

static void CO_FN check_some(void *arg)
{
    struct flood *f = arg;
    struct arena *a = arena_new();
    struct str hash;
    bool matches;

    if (password_pool_make(f->pool, a, STR("test123"), &hash) == ERR_OK) {
        if (password_pool_check(f->pool, a, STR("test123"), hash, &matches) == ERR_OK)
            f->accepted += matches;
        if (password_pool_check(f->pool, a, STR("wrong"), hash, &matches) == ERR_OK)
            f->refused += !matches;
        if (password_pool_check(f->pool, a, STR("decoy"), STR_NULL, &matches) == ERR_OK)
            f->refused += !matches;
    }
    arena_free(a);
    loop_stop(f->loop);
}

static void a_missing_hash_never_matches(void **state)
{
    (void)state;
    struct flood f = {.loop = loop_new()};

    f.pool = password_pool_new(f.loop, 1, 2);
    co_start(f.loop, check_some, &f, "check");
    loop_run(f.loop);
    assert_int_equal(f.accepted, 1);
    assert_int_equal(f.refused, 2);
    password_pool_free(f.pool);
    loop_free(f.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_password_must_satisfy_the_policy),
        cmocka_unit_test(a_new_hash_is_yescrypt_and_salted),
        cmocka_unit_test(hashes_of_other_systems_are_verified),
        cmocka_unit_test(malformed_hashes_match_nothing),
        cmocka_unit_test(a_flood_is_refused_beyond_the_queue),
        cmocka_unit_test(a_missing_hash_never_matches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
