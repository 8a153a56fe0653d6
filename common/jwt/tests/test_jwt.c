/* Tokens: round trips, every way a token can be wrong, key rotation. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "digest.h"
#include "encode.h"
#include "json.h"
#include "jwt.h"

#define NOW 1768213800
#define KEY "a secret of the tests"
#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define GOOD "\"iss\":\"tts-jwt-issuer\",\"exp\":1768213900"

struct fixture {
    struct arena *arena;
    struct jwt_keys *keys;
    char kid[9];
};

static int setup(void **state)
{
    static const struct str secrets[] = {STR(KEY)};
    struct arena *a = arena_new();
    struct fixture *f = ARENA_NEW(a, struct fixture);
    uint8_t fingerprint[SHA256_SIZE];

    f->arena = a;
    f->keys = jwt_keys_new(secrets, 1);
    sha256(secrets[0], fingerprint);
    hex_encode(fingerprint, 4, f->kid);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    jwt_keys_free(f->keys);
    arena_free(f->arena);
    return 0;
}

static struct str encoded(struct arena *a, struct str in)
{
    char *out = arena_alloc(a, BASE64_SIZE(in.len));

    return str_n(out, base64url_encode(in.p, in.len, out));
}

/* A token with a good MAC over whatever header and payload. */
static struct str forge(struct arena *a, struct str header, struct str payload)
{
    struct str text =
        str_printf(a, "%.*s.%.*s", STR_ARG(encoded(a, header)), STR_ARG(encoded(a, payload)));
    uint8_t mac[SHA256_SIZE];

    hmac_sha256(STR(KEY), text, mac);
    return str_printf(a, "%.*s.%.*s", STR_ARG(text),
                      STR_ARG(encoded(a, str_n((const char *)mac, sizeof mac))));
}

static enum err verify(struct fixture *f, struct str token, struct jwt_claims *out,
                       const char **why)
{
    enum err rc = jwt_verify(f->keys, f->arena, token, NOW, out, why);

    assert_int_equal(rc == ERR_OK, *why == NULL);
    if (rc) {
        assert_int_equal(out->user_id, 0);
        assert_null(out->sub.p);
    }
    return rc;
}

static const struct jwt_role some_roles[] = {
    {{"hdts", 4}, {"Ticket Coordinator", 18}, 2},
    {{"tts", 3}, {"Admin", 5}, 6},
};

static struct jwt_claims some_claims(void)
{
    return (struct jwt_claims){
        .sub = STR("42"),
        .user_id = 42,
        .email = STR("a@example.com"),
        .name = STR("J\xC3\xBCrgen \"Q\""),
        .role = STR("staff"),
        .roles = some_roles,
        .role_count = 2,
        .iat = NOW,
        .exp = NOW + 3600,
        .jti = STR("j-1"),
        .token_type = STR("access"),
    };
}

static void test_round_trip(void **state)
{
    struct fixture *f = *state;
    struct jwt_claims in = some_claims(), out;
    struct str token = jwt_sign(f->keys, f->arena, &in);
    const char *why;

    assert_int_equal(verify(f, token, &out, &why), ERR_OK);
    assert_true(str_eq(out.iss, STR(JWT_ISSUER)));
    assert_true(str_eq(out.sub, in.sub));
    assert_int_equal(out.user_id, 42);
    assert_true(str_eq(out.email, in.email));
    assert_true(str_eq(out.name, in.name));
    assert_true(str_eq(out.role, in.role));
    assert_int_equal(out.role_count, 2);
    assert_true(str_eq(out.roles[0].system, STR("hdts")));
    assert_true(str_eq(out.roles[1].role, STR("Admin")));
    assert_int_equal(out.roles[1].system_role_id, 6);
    assert_int_equal(out.iat, NOW);
    assert_int_equal(out.exp, NOW + 3600);
    assert_true(str_eq(out.jti, in.jti));
    assert_true(str_eq(out.token_type, in.token_type));
    assert_null(out.scope.p);
}

static void test_service_token(void **state)
{
    struct fixture *f = *state;
    struct jwt_claims out, in = {.sub = STR("helpdesk-service"),
                                 .iat = NOW,
                                 .exp = NOW + 60,
                                 .token_type = STR("service"),
                                 .scope = STR("a b")};
    const char *why;

    assert_int_equal(verify(f, jwt_sign(f->keys, f->arena, &in), &out, &why), ERR_OK);
    assert_true(str_eq(out.sub, STR("helpdesk-service")));
    assert_int_equal(out.user_id, 0);
    assert_int_equal(out.role_count, 0);
    assert_true(str_eq(out.scope, STR("a b")));
}

/* The header others see: RFC 7515, with the fingerprint as kid. */
static void test_header_names_the_key(void **state)
{
    struct fixture *f = *state;
    struct jwt_claims in = some_claims();
    struct str rest = jwt_sign(f->keys, f->arena, &in), header;
    uint8_t text[128];
    size_t n;

    assert_true(str_next(&rest, '.', &header));
    assert_true(base64url_decode(header, text, &n));
    assert_true(
        str_eq(str_n((char *)text, n),
               str_printf(f->arena, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", f->kid)));
}

/* Every byte of a good token, changed in every way base64url allows and some it does not. */
static void test_every_tampered_byte_is_noticed(void **state)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
    struct fixture *f = *state;
    struct jwt_claims in = some_claims(), out;
    struct str token = jwt_sign(f->keys, f->arena, &in);
    char *copy = malloc(token.len);
    const char *why;

    for (size_t at = 0; at < token.len; at++) {
        for (const char *c = alphabet;; c++) { /* NUL included */
            if (*c != token.p[at]) {
                struct arena *a = arena_new();

                memcpy(copy, token.p, token.len);
                copy[at] = *c;
                if (jwt_verify(f->keys, a, str_n(copy, token.len), NOW, &out, &why) !=
                    ERR_UNAUTHENTICATED)
                    fail_msg("byte %zu as '%c' passed", at, *c);
                arena_free(a);
            }
            if (!*c)
                break;
        }
    }
    free(copy);
}

static void test_no_prefix_or_suffix_passes(void **state)
{
    struct fixture *f = *state;
    struct jwt_claims in = some_claims(), out;
    struct str token = jwt_sign(f->keys, f->arena, &in);
    static const char *const tails[] = {".", "A", "=", ".A", " ", "\n"};
    const char *why;

    for (size_t n = 0; n < token.len; n++) {
        char *exact = malloc(n + 1);

        memcpy(exact, token.p, n);
        assert_int_equal(verify(f, str_n(exact, n), &out, &why), ERR_UNAUTHENTICATED);
        free(exact);
    }
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++)
        assert_int_equal(
            verify(f, str_printf(f->arena, "%.*s%s", STR_ARG(token), tails[i]), &out, &why),
            ERR_UNAUTHENTICATED);
    assert_int_equal(verify(f, STR_NULL, &out, &why), ERR_UNAUTHENTICATED);
    assert_int_equal(verify(f, STR(".."), &out, &why), ERR_UNAUTHENTICATED);
}

static void test_headers(void **state)
{
    static const struct {
        struct str header;
        enum err rc;
        const char *why;
    } cases[] = {
        {STR(HEADER), ERR_OK, NULL},
        {STR("{\"alg\":\"HS256\"}"), ERR_OK, NULL},
        {STR("{\"typ\":\"jwt\",\"alg\":\"HS256\",\"extra\":[1]}"), ERR_OK, NULL},
        {STR("{\"alg\":\"none\"}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"alg\":\"None\"}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"alg\":\"hs256\"}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"alg\":\"HS384\"}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"alg\":\"HS512\"}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"alg\":\"RS256\"}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"alg\":\"ES256\"}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"alg\":[\"HS256\"]}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"alg\":null}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"typ\":\"JWT\"}"), ERR_UNAUTHENTICATED, "the token's algorithm is not allowed"},
        {STR("{\"alg\":\"none\",\"alg\":\"HS256\"}"), ERR_UNAUTHENTICATED,
         "the token is malformed"},
        {STR("{\"alg\":\"HS256\",\"alg\":\"HS256\"}"), ERR_UNAUTHENTICATED,
         "the token is malformed"},
        {STR("{\"alg\":\"HS256\",\"typ\":\"JOSE\"}"), ERR_UNAUTHENTICATED,
         "the token is malformed"},
        {STR("{\"alg\":\"HS256\",\"typ\":1}"), ERR_UNAUTHENTICATED, "the token is malformed"},
        {STR("{\"alg\":\"HS256\",\"crit\":[\"x\"]}"), ERR_UNAUTHENTICATED,
         "the token is malformed"},
        {STR("{\"alg\":\"HS256\",\"kid\":\"00000000\"}"), ERR_UNAUTHENTICATED,
         "the token's key is not known"},
        {STR("{\"alg\":\"HS256\",\"kid\":\"\"}"), ERR_UNAUTHENTICATED,
         "the token's key is not known"},
        {STR("{\"alg\":\"HS256\",\"kid\":null}"), ERR_UNAUTHENTICATED,
         "the token's key is not known"},
        {STR("{\"alg\":\"HS256\",\"kid\":\"../../dev/null\"}"), ERR_UNAUTHENTICATED,
         "the token's key is not known"},
        {STR("{\"alg\":\"HS256\"} x"), ERR_UNAUTHENTICATED, "the token is malformed"},
        {STR("[\"HS256\"]"), ERR_UNAUTHENTICATED, "the token is malformed"},
        {STR("not json"), ERR_UNAUTHENTICATED, "the token is malformed"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str token = forge(f->arena, cases[i].header, STR("{" GOOD ",\"sub\":\"7\"}"));
        struct jwt_claims out;
        const char *why;

        assert_int_equal(verify(f, token, &out, &why), cases[i].rc);
        if (cases[i].rc)
            assert_string_equal(why, cases[i].why);
    }
}

/* An unsigned token, and one that is "signed" with the header's other algorithm, stay out. */
static void test_unsigned_tokens(void **state)
{
    struct fixture *f = *state;
    struct str payload = encoded(f->arena, STR("{" GOOD ",\"sub\":\"7\"}"));
    struct str none = encoded(f->arena, STR("{\"alg\":\"none\",\"typ\":\"JWT\"}"));
    struct jwt_claims out;
    const char *why;

    assert_int_equal(
        verify(f, str_printf(f->arena, "%.*s.%.*s.", STR_ARG(none), STR_ARG(payload)), &out, &why),
        ERR_UNAUTHENTICATED);
    assert_int_equal(verify(f,
                            str_printf(f->arena, "%.*s.%.*s.AAAA", STR_ARG(none), STR_ARG(payload)),
                            &out, &why),
                     ERR_UNAUTHENTICATED);
    assert_int_equal(verify(f,
                            str_printf(f->arena, "%.*s.%.*s.",
                                       STR_ARG(encoded(f->arena, STR(HEADER))), STR_ARG(payload)),
                            &out, &why),
                     ERR_UNAUTHENTICATED);
}

static void test_claims(void **state)
{
    static const struct {
        struct str payload;
        enum err rc;
        int64_t user_id;
        const char *text; /* sub when good, else why */
    } cases[] = {
        {STR("{" GOOD ",\"sub\":\"7\"}"), ERR_OK, 7, "7"},
        {STR("{" GOOD ",\"sub\":7}"), ERR_OK, 7, "7"},
        {STR("{" GOOD ",\"sub\":7.0,\"user_id\":7}"), ERR_OK, 7, "7"},
        {STR("{" GOOD ",\"user_id\":7}"), ERR_OK, 7, "7"},
        {STR("{" GOOD
             ",\"user_id\":7,\"roles\":[{\"system\":\"tts\",\"role\":\"Admin\"}],\"x\":{}}"),
         ERR_OK, 7, "7"},
        {STR("{" GOOD ",\"sub\":\"auth-service\"}"), ERR_OK, 0, "auth-service"},
        {STR("{" GOOD ",\"sub\":\"7\",\"nbf\":1768213830}"), ERR_OK, 7, "7"},
        {STR("{" GOOD ",\"sub\":\"7\",\"nbf\":1768213831}"), ERR_UNAUTHENTICATED, 0,
         "the token is not valid yet"},
        {STR("{\"iss\":\"tts-jwt-issuer\",\"sub\":\"7\",\"exp\":1768213801}"), ERR_OK, 7, "7"},
        {STR("{\"iss\":\"tts-jwt-issuer\",\"sub\":\"7\",\"exp\":1768213800}"), ERR_TOKEN_EXPIRED, 0,
         "the token has expired"},
        {STR("{\"iss\":\"tts-jwt-issuer\",\"sub\":\"7\",\"exp\":0}"), ERR_TOKEN_EXPIRED, 0,
         "the token has expired"},
        {STR("{\"iss\":\"tts-jwt-issuer\",\"sub\":\"7\",\"exp\":-1}"), ERR_TOKEN_EXPIRED, 0,
         "the token has expired"},
        {STR("{\"iss\":\"tts-jwt-issuer\",\"sub\":\"7\"}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{\"iss\":\"tts-jwt-issuer\",\"sub\":\"7\",\"exp\":null}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{\"iss\":\"tts-jwt-issuer\",\"sub\":\"7\",\"exp\":\"1768213900\"}"),
         ERR_UNAUTHENTICATED, 0, "the token's claims are not valid"},
        {STR("{\"iss\":\"tts-jwt-issuer\",\"sub\":\"7\",\"exp\":1768213900.5}"),
         ERR_UNAUTHENTICATED, 0, "the token's claims are not valid"},
        {STR("{\"iss\":\"tts-jwt-issuer\",\"sub\":\"7\",\"exp\":1e300}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"7\",\"nbf\":\"soon\"}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"7\",\"exp\":9999999999}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{\"iss\":\"other\",\"sub\":\"7\",\"exp\":1768213900}"), ERR_UNAUTHENTICATED, 0,
         "the token's issuer is not known"},
        {STR("{\"iss\":\"other\",\"sub\":\"7\",\"exp\":1}"), ERR_UNAUTHENTICATED, 0,
         "the token's issuer is not known"},
        {STR("{\"sub\":\"7\",\"exp\":1768213900}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{\"iss\":[\"tts-jwt-issuer\"],\"sub\":\"7\",\"exp\":1768213900}"),
         ERR_UNAUTHENTICATED, 0, "the token's claims are not valid"},
        {STR("{" GOOD "}"), ERR_UNAUTHENTICATED, 0, "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"\"}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":true}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":7.5}"), ERR_UNAUTHENTICATED, 0, "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"-7\"}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"007\"}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":0}"), ERR_UNAUTHENTICATED, 0, "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"7\",\"user_id\":8}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"auth-service\",\"user_id\":8}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"user_id\":\"8\"}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"user_id\":0}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"7\",\"role\":[\"admin\"]}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"7\",\"roles\":[\"admin\"]}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("{" GOOD ",\"sub\":\"7\",\"sub\":\"8\"}"), ERR_UNAUTHENTICATED, 0,
         "the token's claims are not valid"},
        {STR("[]"), ERR_UNAUTHENTICATED, 0, "the token's claims are not valid"},
        {STR("x"), ERR_UNAUTHENTICATED, 0, "the token's claims are not valid"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct jwt_claims out;
        const char *why;
        enum err rc = verify(f, forge(f->arena, STR(HEADER), cases[i].payload), &out, &why);

        if (rc != cases[i].rc)
            fail_msg("%s: %s", cases[i].payload.p, why ? why : "accepted");
        assert_int_equal(out.user_id, cases[i].user_id);
        assert_string_equal(rc ? why : str_cstr(f->arena, out.sub), cases[i].text);
    }
}

/* A bad signature is the only thing said about a token, whatever its claims. */
static void test_signature_comes_first(void **state)
{
    struct fixture *f = *state;
    struct str token = forge(f->arena, STR(HEADER), STR("{\"exp\":1}"));
    struct jwt_claims out;
    const char *why;
    char *copy = arena_memdup0(f->arena, token.p, token.len);

    copy[token.len - 10] ^= 1;
    assert_int_equal(verify(f, str_n(copy, token.len), &out, &why), ERR_UNAUTHENTICATED);
    assert_string_equal(why, "the token's signature is wrong");
}

static void test_sizes(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = {4000, 1 << 20};
    static const enum err want[] = {ERR_OK, ERR_UNAUTHENTICATED};

    for (int i = 0; i < 2; i++) {
        char *name = arena_alloc(f->arena, sizes[i] + 1);
        struct jwt_claims in = some_claims(), out;
        const char *why;

        memset(name, 'n', sizes[i]);
        in.name = str_n(name, sizes[i]);
        assert_int_equal(verify(f, jwt_sign(f->keys, f->arena, &in), &out, &why), want[i]);
    }
}

static void test_rotation(void **state)
{
    static const struct str before[] = {STR("old")}, during[] = {STR("new"), STR("old")},
                            after[] = {STR("new")};
    struct fixture *f = *state;
    struct jwt_keys *old_keys = jwt_keys_new(before, 1), *both = jwt_keys_new(during, 2),
                    *new_keys = jwt_keys_new(after, 1);
    struct jwt_claims in = some_claims(), out;
    struct str old_token = jwt_sign(old_keys, f->arena, &in);
    struct str new_token = jwt_sign(both, f->arena, &in);
    const char *why;

    assert_int_equal(jwt_verify(both, f->arena, old_token, NOW, &out, &why), ERR_OK);
    assert_int_equal(jwt_verify(both, f->arena, new_token, NOW, &out, &why), ERR_OK);
    assert_int_equal(jwt_verify(new_keys, f->arena, new_token, NOW, &out, &why), ERR_OK);
    assert_int_equal(jwt_verify(new_keys, f->arena, old_token, NOW, &out, &why),
                     ERR_UNAUTHENTICATED);
    assert_int_equal(jwt_verify(old_keys, f->arena, new_token, NOW, &out, &why),
                     ERR_UNAUTHENTICATED);
    jwt_keys_free(old_keys);
    jwt_keys_free(both);
    jwt_keys_free(new_keys);
}

/* Without kid every secret is tried; with the kid of another secret only that one. */
static void test_kid_selects(void **state)
{
    static const struct str secrets[] = {STR("first"), STR(KEY)};
    struct fixture *f = *state;
    struct jwt_keys *keys = jwt_keys_new(secrets, 2);
    struct str payload = STR("{" GOOD ",\"sub\":\"7\"}");
    uint8_t fingerprint[SHA256_SIZE];
    struct jwt_claims out;
    const char *why;
    char first_kid[9];

    sha256(secrets[0], fingerprint);
    hex_encode(fingerprint, 4, first_kid);
    assert_int_equal(
        jwt_verify(keys, f->arena, forge(f->arena, STR(HEADER), payload), NOW, &out, &why), ERR_OK);
    assert_int_equal(
        jwt_verify(keys, f->arena,
                   forge(f->arena,
                         str_printf(f->arena, "{\"kid\":\"%s\",\"alg\":\"HS256\"}", f->kid),
                         payload),
                   NOW, &out, &why),
        ERR_OK);
    assert_int_equal(
        jwt_verify(keys, f->arena,
                   forge(f->arena,
                         str_printf(f->arena, "{\"kid\":\"%s\",\"alg\":\"HS256\"}", first_kid),
                         payload),
                   NOW, &out, &why),
        ERR_UNAUTHENTICATED);
    jwt_keys_free(keys);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_round_trip),
        CASE(test_service_token),
        CASE(test_header_names_the_key),
        CASE(test_every_tampered_byte_is_noticed),
        CASE(test_no_prefix_or_suffix_passes),
        CASE(test_headers),
        CASE(test_unsigned_tokens),
        CASE(test_claims),
        CASE(test_signature_comes_first),
        CASE(test_sizes),
        CASE(test_rotation),
        CASE(test_kid_selects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
