#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena.h"
#include "domain/kb.h"
#include "domain/kb_text.h"
#include "domain/slug.h"

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

static void check_text(struct str got, const char *want)
{
    if (!want)
        assert_null(got.p);
    else
        assert_string_equal(str_cstr(arena, got), want);
}

static void slugs_are_made_of_titles(void **state)
{
    static const struct {
        const char *title, *slug;
    } CASES[] = {
        {"", ""},
        {"How to print", "how-to-print"},
        {"  -- A & B!?  ", "a-b"},
        {"Übergrößenträger", "ubergrossentrager"},
        {"Łódź, Ærø, Þór", "lodz-aero-thor"},
        {"a×b÷c", "a-b-c"},
        {"日本 VPN 語", "vpn"},
        {"日本語", ""},
        {"2024", ""},
        {"2024 plan", "2024-plan"},
        {"\xC3", ""},
        {"x\xF0\x9F\x98\x80y", "x-y"},
        {"'; DROP TABLE--", "drop-table"},
    };
    struct str longest = slug_of(arena, str_printf(arena, "%0100d %0100d", 1, 2));

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct str slug = slug_of(arena, str_from(CASES[i].title));

        check_text(slug, CASES[i].slug);
        assert_int_equal(slug_is_valid(slug), slug.len > 0);
    }
    assert_true(longest.len <= SLUG_MAX);
    for (unsigned c = 0xC0; c < 0x180; c++) {
        char utf8[] = {(char)(0xC0 | c >> 6), (char)(0x80 | (c & 0x3F)), 'z', 0};

        assert_true(slug_is_valid(slug_of(arena, str_from(utf8))));
    }
}

static void only_slugs_are_valid(void **state)
{
    static const char *const BAD[] = {"",  "-",  "a-",  "-a",  "a--b", "A",
                                      "1", "12", "a b", "a/b", "ä"};
    static const char *const GOOD[] = {"a", "a-b", "1a", "1-2", "a1-b2-c3"};

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(slug_is_valid(str_from(BAD[i])));
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        assert_true(slug_is_valid(str_from(GOOD[i])));
}

static struct kb_reader reader_of(const char *system, const char *role)
{
    struct jwt_role r = {.system = str_from(system), .role = str_from(role)};
    struct actor a = {.user_id = 7, .roles = &r, .role_count = 1};

    return kb_reader_of(&a);
}

static void readers_see_what_their_roles_allow(void **state)
{
    struct actor service = {.service = STR("workflow-service")},
                 scoped = {.user_id = 7, .role = STR("admin"), .scope = STR("MESSAGE")};

    (void)state;
    assert_int_equal(kb_reader_of(NULL).most, KB_PUBLIC);
    assert_int_equal(reader_of("hdts", "Employee").most, KB_INTERNAL);
    assert_int_equal(reader_of("tts", "Reviewer").most, KB_AGENTS);
    assert_int_equal(reader_of("tts", "Something new").most, KB_AGENTS);
    assert_false(reader_of("tts", "Reviewer").is_editor);
    assert_true(reader_of("hdts", "Ticket Coordinator").is_editor);
    assert_true(reader_of("tts", "Admin").is_editor);
    assert_int_equal(kb_reader_of(&service).most, KB_AGENTS);
    assert_false(kb_reader_of(&service).is_editor);
    assert_int_equal(kb_reader_of(&scoped).most, KB_PUBLIC);
    assert_false(kb_reader_of(&scoped).is_editor);
    assert_true(kb_may_read(kb_reader_of(NULL), KB_PUBLISHED, KB_PUBLIC));
    assert_false(kb_may_read(kb_reader_of(NULL), KB_PUBLISHED, KB_INTERNAL));
    assert_false(kb_may_read(kb_reader_of(&service), KB_DRAFT, KB_PUBLIC));
    assert_true(kb_may_read(reader_of("tts", "Admin"), KB_ARCHIVED, KB_AGENTS));
}

static void states_follow_each_other(void **state)
{
    static const struct {
        enum kb_action action;
        enum kb_state from;
        bool has_newer;
        enum err rc;
        enum kb_state to;
    } CASES[] = {
        {KB_PUBLISH, KB_DRAFT, true, ERR_OK, KB_PUBLISHED},
        {KB_PUBLISH, KB_PUBLISHED, true, ERR_OK, KB_PUBLISHED},
        {KB_PUBLISH, KB_PUBLISHED, false, ERR_CONFLICT, KB_PUBLISHED},
        {KB_PUBLISH, KB_ARCHIVED, true, ERR_CONFLICT, KB_ARCHIVED},
        {KB_UNPUBLISH, KB_PUBLISHED, false, ERR_OK, KB_DRAFT},
        {KB_UNPUBLISH, KB_ARCHIVED, true, ERR_OK, KB_DRAFT},
        {KB_UNPUBLISH, KB_DRAFT, true, ERR_CONFLICT, KB_DRAFT},
        {KB_ARCHIVE, KB_DRAFT, true, ERR_OK, KB_ARCHIVED},
        {KB_ARCHIVE, KB_PUBLISHED, false, ERR_OK, KB_ARCHIVED},
        {KB_ARCHIVE, KB_ARCHIVED, true, ERR_CONFLICT, KB_ARCHIVED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        enum kb_state s = CASES[i].from;

        assert_int_equal(kb_act(CASES[i].action, &s, CASES[i].has_newer), CASES[i].rc);
        assert_int_equal(s, CASES[i].to);
    }
}

static void words_become_queries(void **state)
{
    struct str many = str_from("");

    (void)state;
    check_text(kb_query_all(arena, STR("")), NULL);
    check_text(kb_query_all(arena, STR(" \t\n")), NULL);
    check_text(kb_query_all(arena, STR(" a  b ")), "'a' & 'b':*");
    check_text(kb_query_any(arena, STR("a b")), "'a' | 'b'");
    check_text(kb_query_any(arena, STR("it's \\ &!")), "'it''s' | '\\\\' | '&!'");
    for (int i = 0; i < 2 * KB_WORD_MAX; i++)
        many = str_printf(arena, "%.*sw ", STR_ARG(many));
    assert_int_equal(kb_query_any(arena, many).len, KB_WORD_MAX * 3 + (KB_WORD_MAX - 1) * 3);
    check_text(kb_gap_of(arena, STR("  VPN \t Drops ")), "vpn drops");
    check_text(kb_gap_of(arena, STR(" ?! :* ")), "");
    assert_true(kb_gap_of(arena, many).len <= KB_GAP_MAX);
}

static void marks_are_safe_in_html(void **state)
{
    (void)state;
    check_text(kb_mark(arena, STR_NULL), NULL);
    check_text(kb_mark(arena, STR("a " KB_MARK_BEGIN "b" KB_MARK_END " <i>&\"'")),
               "a <mark>b</mark> &lt;i&gt;&amp;&quot;&#39;");
}

static void languages_have_codes(void **state)
{
    static const char *const BAD[] = {"",      "e",      "EN",    "engl", "en-",
                                      "en-us", "en-USA", "en_US", "12"};
    static const char *const GOOD[] = {"en", "pt-BR", "fil"};

    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(kb_is_language(str_from(BAD[i])));
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        assert_true(kb_is_language(str_from(GOOD[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slugs_are_made_of_titles),
        cmocka_unit_test(only_slugs_are_valid),
        cmocka_unit_test(readers_see_what_their_roles_allow),
        cmocka_unit_test(states_follow_each_other),
        cmocka_unit_test(words_become_queries),
        cmocka_unit_test(marks_are_safe_in_html),
        cmocka_unit_test(languages_have_codes),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
