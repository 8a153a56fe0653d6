#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "mail.h"

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct mail sample(void)
{
    return (struct mail){.from = STR("TTS Helpdesk <helpdesk@example.com>"),
                         .to_address = STR("ann@example.com"),
                         .to_name = STR("Ann"),
                         .subject = STR("Your ticket TX1"),
                         .text = STR("Hello\nWorld\n"),
                         .message_id = STR("delivery-7@example.com"),
                         .date = 784111777000000};
}

static bool contains(struct str text, const char *part)
{
    return str_find(text, str_from(part)) >= 0;
}

static void a_mail_has_its_headers(void **state)
{
    (void)state;
    struct mail m = sample();
    m.thread_id = STR("ticket-TX1@example.com");
    struct str text = mail_compose(arena, &m);
    assert_true(str_has_prefix(text, STR("From: TTS Helpdesk <helpdesk@example.com>\r\n")));
    assert_true(contains(text, "To: Ann <ann@example.com>\r\n"));
    assert_true(contains(text, "Subject: Your ticket TX1\r\n"));
    assert_true(contains(text, "Date: Sun, 06 Nov 1994 08:49:37 +0000\r\n"));
    assert_true(contains(text, "Message-ID: <delivery-7@example.com>\r\n"));
    assert_true(contains(text, "References: <ticket-TX1@example.com>\r\n"));
    assert_true(contains(text, "Auto-Submitted: auto-generated\r\n"));
    assert_true(contains(text, "\r\n\r\nSGVsbG8NCldvcmxkDQo=\r\n"));
}

static void hostile_texts_stay_in_their_header(void **state)
{
    (void)state;
    static const char *const HOSTILE[] = {
        "a\r\nBcc: victim@example.com",
        "\r\n\r\n<script>",
        "=?UTF-8?B?QmNjOg==?=",
        "Umlaute \xC3\xA4\xC3\xB6\xC3\xBC and \xF0\x9F\x98\x80 many times over, "
        "\xC3\xA4\xC3\xB6\xC3\xBC "
        "so that the header must be folded \xE2\x82\xAC\xE2\x82\xAC\xE2\x82\xAC",
    };
    for (size_t i = 0; i < sizeof HOSTILE / sizeof HOSTILE[0]; i++) {
        struct mail m = sample();
        m.subject = m.to_name = str_from(HOSTILE[i]);
        struct str text = mail_compose(arena, &m);
        assert_false(contains(text, "Bcc:"));
        assert_false(contains(text, "<script>"));
        struct str head = str_slice(text, 0, (size_t)str_find(text, STR("\r\n\r\n"))), line;
        while (str_next(&head, '\n', &line)) {
            assert_true(line.len <= 998);
            for (size_t k = 0; k < line.len; k++)
                assert_true((unsigned char)line.p[k] < 0x80);
        }
    }
}

static void names_are_encoded_unless_they_are_plain(void **state)
{
    (void)state;
    static const struct {
        const char *name, *header;
    } CASES[] = {
        {"Ann Smith 2", "To: Ann Smith 2 <ann@example.com>\r\n"},
        {"", "To: <ann@example.com>\r\n"},
        {"Smith, Ann", "To: =?UTF-8?B?U21pdGgsIEFubg==?= <ann@example.com>\r\n"},
        {"Ann\r\nSmith\x7F", "To: Ann  Smith  <ann@example.com>\r\n"},
        {"\"<x@y.z>\"", "To: =?UTF-8?B?Ijx4QHkuej4i?= <ann@example.com>\r\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct mail m = sample();
        m.to_name = str_from(CASES[i].name);
        assert_true(contains(mail_compose(arena, &m), CASES[i].header));
    }
}

static void who_is_on_a_list_is_told_how_to_leave_it(void **state)
{
    (void)state;
    struct mail m = sample();
    assert_false(contains(mail_compose(arena, &m), "List-Unsubscribe"));
    m.unsubscribe_url = STR("https://help.example.org/u/abc?x=1");
    assert_true(contains(mail_compose(arena, &m),
                         "\r\nList-Unsubscribe: <https://help.example.org/u/abc?x=1>\r\n"
                         "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    static const char *const HOSTILE[] = {"https://x/\r\nBcc: a@b.c", "https://x/> <y",
                                          "https://x/ y", "https://x/\xC3\xA4"};
    for (size_t i = 0; i < sizeof HOSTILE / sizeof *HOSTILE; i++) {
        m.unsubscribe_url = str_from(HOSTILE[i]);
        assert_false(contains(mail_compose(arena, &m), "List-Unsubscribe"));
    }
}

static void ids_keep_within_their_header(void **state)
{
    (void)state;
    struct mail m = sample();
    m.message_id = STR("a> <b@x\r\nBcc: y@z");
    m.thread_id = STR("ticket-\xC3\xA9 1@x");
    struct str text = mail_compose(arena, &m);
    assert_true(contains(text, "Message-ID: <ab@xBcc:y@z>\r\n"));
    assert_true(contains(text, "References: <ticket-1@x>\r\n"));
}

static void html_stands_beside_the_text(void **state)
{
    (void)state;
    struct mail m = sample();
    m.html = STR("<p>Hello</p>");
    struct str text = mail_compose(arena, &m);
    ptrdiff_t plain = str_find(text, STR("Content-Type: text/plain; charset=utf-8\r\n"));
    ptrdiff_t html = str_find(text, STR("Content-Type: text/html; charset=utf-8\r\n"));
    assert_true(
        contains(text, "Content-Type: multipart/alternative; boundary=\"=_alternative\"\r\n"));
    assert_true(plain > 0 && html > plain);
    assert_true(contains(text, "\r\n\r\nPHA+SGVsbG88L3A+\r\n--=_alternative--\r\n"));
}

static void a_link_is_made_of_the_template(void **state)
{
    (void)state;
    struct str t = STR("https://x/t/{number}?a=b"), mark = STR("{number}");
    assert_true(str_eq(mail_link(arena, t, mark, STR("TX1")), STR("https://x/t/TX1?a=b")));
    assert_true(
        str_eq(mail_link(arena, t, mark, STR("a\r\n b")), STR("https://x/t/a%0D%0A%20b?a=b")));
    assert_true(str_eq(mail_link(arena, STR("https://x"), mark, STR("TX1")), STR("https://x")));
    assert_null(mail_link(arena, STR_NULL, mark, STR("TX1")).p);
    assert_null(mail_link(arena, t, mark, STR_NULL).p);
}

static void senders_are_checked(void **state)
{
    (void)state;
    assert_true(mail_sender_is_safe(STR("TTS Helpdesk <helpdesk@example.com>")));
    assert_true(mail_sender_is_safe(STR("helpdesk@example.com")));
    assert_false(mail_sender_is_safe(STR("")));
    assert_false(mail_sender_is_safe(STR("nobody")));
    assert_false(mail_sender_is_safe(STR("T\xC3\xA9st <a@b.c>")));
    assert_false(mail_sender_is_safe(STR("A <a@b.c>\r\nBcc: x@y.z")));
}

static void addresses_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_safe;
    } CASES[] = {
        {"a@example.com", true},
        {"a.b+c@example.com", true},
        {"", false},
        {"a", false},
        {"@example.com", false},
        {"a@", false},
        {"a@b@c", false},
        {"a b@example.com", false},
        {"a@example.com\r\nRCPT", false},
        {"<a@example.com>", false},
        {"a@x.com,b@x.com", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        assert_int_equal(mail_address_is_safe(str_from(CASES[i].address)), CASES[i].is_safe);
    assert_true(str_eq(mail_address(STR("Name <x@y.z>")), STR("x@y.z")));
    assert_true(str_eq(mail_address(STR(" x@y.z ")), STR("x@y.z")));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_mail_has_its_headers),
        T(hostile_texts_stay_in_their_header),
        T(names_are_encoded_unless_they_are_plain),
        T(who_is_on_a_list_is_told_how_to_leave_it),
        T(ids_keep_within_their_header),
        T(html_stands_beside_the_text),
        T(a_link_is_made_of_the_template),
        T(senders_are_checked),
        T(addresses_are_checked),
    };
    return cmocka_run_group_tests_name("mail", tests, NULL, NULL);
}
