#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "cidr.h"
#include "clock.h"
#include "domain/webhook_address.h"
#include "domain/webhook_rules.h"

/* ---- addresses ---------------------------------------------------------------------------- */

static const struct {
    const char *address;
    bool is_public;
} ADDRESSES[] = {
    {"1.1.1.1", true},
    {"93.184.216.34", true},
    {"9.255.255.255", true},
    {"11.0.0.0", true},
    {"100.63.255.255", true},
    {"100.128.0.0", true},
    {"172.15.255.255", true},
    {"172.32.0.0", true},
    {"192.167.255.255", true},
    {"192.169.0.0", true},
    {"198.20.0.0", true},
    {"223.255.255.255", true},
    {"0.0.0.0", false},
    {"0.1.2.3", false},
    {"10.0.0.0", false},
    {"10.255.255.255", false},
    {"100.64.0.0", false},
    {"100.127.255.255", false},
    {"127.0.0.1", false},
    {"127.255.255.254", false},
    {"169.254.169.254", false},
    {"172.16.0.0", false},
    {"172.31.255.255", false},
    {"192.0.0.1", false},
    {"192.0.2.1", false},
    {"192.88.99.1", false},
    {"192.168.0.1", false},
    {"198.18.0.1", false},
    {"198.19.255.255", false},
    {"198.51.100.1", false},
    {"203.0.113.1", false},
    {"224.0.0.1", false},
    {"239.255.255.255", false},
    {"240.0.0.1", false},
    {"255.255.255.255", false},
    {"::ffff:1.1.1.1", true},
    {"::ffff:127.0.0.1", false},
    {"::ffff:10.0.0.1", false},
    {"::ffff:169.254.169.254", false},
    {"2606:4700:4700::1111", true},
    {"2a00:1450:4001::1", true},
    {"::", false},
    {"::1", false},
    {"::127.0.0.1", false},
    {"::8.8.8.8", false},
    {"64:ff9b::7f00:1", false},
    {"64:ff9b:1::1", false},
    {"100::1", false},
    {"2001::1", false},
    {"2001:20::1", false},
    {"2001:db8::1", false},
    {"2002:7f00:1::", false},
    {"3fff::1", false},
    {"4000::1", false},
    {"fc00::1", false},
    {"fd00:ec2::254", false},
    {"fe80::1", false},
    {"febf::1", false},
    {"fec0::1", false},
    {"ff02::1", false},
};

static void test_addresses(void **state)
{
    for (size_t i = 0; i < sizeof ADDRESSES / sizeof *ADDRESSES; i++) {
        uint8_t bytes[16];
        assert_true(address_parse(str_from(ADDRESSES[i].address), bytes));
        if (webhook_address_is_public(bytes) != ADDRESSES[i].is_public)
            fail_msg("%s", ADDRESSES[i].address);
    }
}

/* ---- URLs and headers --------------------------------------------------------------------- */

static const struct {
    const char *url, *host; /* host NULL: refused */
} URLS[] = {
    {"https://example.com", "example.com"},
    {"https://example.com/", "example.com"},
    {"HTTP://Example.com:8080/a?b=c&d=%20", "Example.com"},
    {"https://a_b-c.example:65535?x", "a_b-c.example"},
    {"https://127.0.0.1/", "127.0.0.1"},
    {"https://[::1]/", "::1"},
    {"https://[2606:4700::1]:443/x", "2606:4700::1"},
    {"https://example.com/a@b", "example.com"},
    {"", NULL},
    {"example.com", NULL},
    {"//example.com/", NULL},
    {"ftp://example.com/", NULL},
    {"file:///etc/passwd", NULL},
    {"gopher://example.com/", NULL},
    {"https:/example.com", NULL},
    {"https://", NULL},
    {"https:///path", NULL},
    {"https://?x", NULL},
    {"https://user@example.com/", NULL},
    {"https://user:password@example.com/", NULL},
    {"https://@example.com/", NULL},
    {"https://example.com#fragment", NULL},
    {"https://example.com/#", NULL},
    {"https://example.com:0/", NULL},
    {"https://example.com:65536/", NULL},
    {"https://example.com:/", NULL},
    {"https://example.com:-1/", NULL},
    {"https://example.com:80:80/", NULL},
    {"https://exa mple.com/", NULL},
    {"https://example.com/a b", NULL},
    {"https://example.com/\r\nHost: x", NULL},
    {"https://example.com\\@evil.example/", NULL},
    {"https://ex\xc3\xa4mple.com/", NULL},
    {"https://[::1/", NULL},
    {"https://[::1]x/", NULL},
    {"https://[fe80::1%25eth0]/", NULL},
    {"https://example.com%2f@127.0.0.1/", NULL},
    {"https://ex%61mple.com/", NULL},
};

static void test_urls(void **state)
{
    static char long_url[WEBHOOK_URL_MAX + 2];
    struct str host;
    for (size_t i = 0; i < sizeof URLS / sizeof *URLS; i++) {
        const char *problem = webhook_url_problem(str_from(URLS[i].url), &host);
        if ((problem == NULL) != (URLS[i].host != NULL))
            fail_msg("%s: %s", URLS[i].url, problem ? problem : "taken");
        if (!problem && !str_eq(host, str_from(URLS[i].host)))
            fail_msg("%s: %.*s", URLS[i].url, STR_ARG(host));
    }
    snprintf(long_url, sizeof long_url, "https://example.com/%01981d", 0);
    assert_int_equal(strlen(long_url), WEBHOOK_URL_MAX + 1);
    assert_non_null(webhook_url_problem(str_from(long_url), &host));
    assert_null(webhook_url_problem(str_n(long_url, WEBHOOK_URL_MAX), &host));
    assert_true(webhook_url_is_plain(STR("HTTP://a")) && !webhook_url_is_plain(STR("https://a")));
}

static const struct {
    struct str name, value;
    bool is_fine;
} HEADERS[] = {
    {STR("Authorization"), STR("Bearer abc"), true},
    {STR("X-Api-Key"), STR("a\tb ~!"), true},
    {STR("X-Api-Key"), STR(""), false},
    {STR(""), STR("x"), false},
    {STR("X Y"), STR("x"), false},
    {STR("X:"), STR("x"), false},
    {STR("X\r\nY"), STR("x"), false},
    {STR("X-\xc3\xa4"), STR("x"), false},
    {STR("X"), STR("a\r\nHost: evil"), false},
    {STR("X"), STR("a\nb"), false},
    {STR("X"), STR("a\0b"), false},
    {STR("X"), STR("\xc3\xa4"), false},
    {STR("X"), STR("\x7f"), false},
    {STR("Host"), STR("x"), false},
    {STR("CONTENT-LENGTH"), STR("1"), false},
    {STR("Transfer-Encoding"), STR("chunked"), false},
    {STR("connection"), STR("close"), false},
    {STR("Webhook-Id"), STR("x"), false},
    {STR("webhook-signature"), STR("v1,x"), false},
    {STR("Expect"), STR("100-continue"), false},
    {STR("Proxy-Authorization"), STR("x"), false},
    {STR("X-Forwarded-For"), STR("x"), false},
    {STR("User-Agent"), STR("x"), false},
};

static void test_headers(void **state)
{
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++)
        if ((webhook_header_problem(HEADERS[i].name, HEADERS[i].value) == NULL) !=
            HEADERS[i].is_fine)
            fail_msg("%.*s: %.*s", STR_ARG(HEADERS[i].name), STR_ARG(HEADERS[i].value));
    assert_non_null(webhook_header_problem(STR("X"), STR_NULL));
}

/* ---- events ------------------------------------------------------------------------------- */

static void test_patterns(void **state)
{
    static const char *const known[] = {"*",     "ticket.*",      "ticket.created",
                                        "sla.*", "job.completed", "webhook.failed"};
    static const char *const unknown[] = {"",        "ticket",         "ticket.", "ticket.*.x",
                                          "**",      "ticket.unheard", "x.*",     "message.created",
                                          "audit.*", "TICKET.*",       "tick*",   "webhook.ping"};
    char buf[WEBHOOK_TYPE_MAX];
    struct str patterns[WEBHOOK_PATTERNS_OF_TYPE];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!webhook_pattern_is_known(str_from(known[i])))
            fail_msg("%s", known[i]);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (webhook_pattern_is_known(str_from(unknown[i])))
            fail_msg("%s", unknown[i]);
    webhook_patterns_of(STR("task.transitioned"), buf, patterns);
    assert_true(str_eq(patterns[1], STR("task.*")));
    const struct webhook_type *t = webhook_type_of(STR("ticket.commented"));
    assert_true(webhook_type_has_member(t, STR("ticket_number")));
    assert_true(webhook_type_has_member(t, STR("visibility")));
    /* What people have written is told to nobody. */
    static const char *const texts[] = {"comment",  "subject", "requester_email", "requester_name",
                                        "feedback", "reason",  "notes",           "content"};
    for (t = WEBHOOK_TYPES; t->type; t++)
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            if (webhook_type_has_member(t, str_from(texts[i])) &&
                !str_eq(str_from(t->type), STR("webhook.failed")))
                fail_msg("%s of %s", texts[i], t->type);
}

/* ---- attempts ----------------------------------------------------------------------------- */

static void test_schedule(void **state)
{
    static const int64_t delays_s[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
    int64_t total = 0;
    for (int64_t i = 1; i <= 9; i++) {
        int64_t delay = delays_s[i - 1] * US_PER_S;
        for (uint64_t random = 0; random < 1000; random++) {
            int64_t at = webhook_next_attempt(i, 1000, 0, random * 0x9e3779b97f4a7c15u);
            assert_in_range(at - 1000, delay * 9 / 10, delay * 11 / 10);
        }
        assert_false(webhook_attempts_are_over(i));
        total += delay;
    }
    assert_true(webhook_attempts_are_over(10));
    assert_true(total > 3 * US_PER_DAY);
    /* Jitter is not always the same. */
    assert_true(webhook_next_attempt(1, 0, 0, 1) != webhook_next_attempt(1, 0, 0, 99999));
    /* Retry-After is respected, but not for ever. */
    assert_int_equal(webhook_next_attempt(1, 0, 60, 0), 60 * US_PER_S);
    assert_true(webhook_next_attempt(2, 0, 60, 0) > 60 * US_PER_S);
    assert_int_equal(webhook_next_attempt(1, 0, INT64_MAX, 0), US_PER_DAY);
    assert_true(webhook_next_attempt(1, 0, -5, 0) > 0);
}

static void test_pauses(void **state)
{
    assert_int_equal(webhook_pause(0), 0);
    assert_int_equal(webhook_pause(4), 0);
    assert_int_equal(webhook_pause(5), 5 * US_PER_S);
    assert_int_equal(webhook_pause(6), 10 * US_PER_S);
    assert_int_equal(webhook_pause(10), 160 * US_PER_S);
    assert_int_equal(webhook_pause(11), 300 * US_PER_S);
    assert_int_equal(webhook_pause(INT64_MAX), 300 * US_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_urls),
        cmocka_unit_test(test_headers),   cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_schedule),  cmocka_unit_test(test_pauses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
