/* The words that come with the program: complete, well-formed, and safe in HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/audience.h"
#include "domain/shipped.h"
#include "message/facts.h"
#include "mustache.h"

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

static struct str show(const char *text, struct str facts, enum mustache_escape escape)
{
    const struct mustache_problem *problems;
    const struct mustache *m;
    struct str out;
    assert_int_equal(mustache_parse(arena, str_from(text), &m, &problems), ERR_OK);
    assert_int_equal(mustache_render(arena, m, facts_view(arena, facts), escape, &out), ERR_OK);
    return out;
}

static void asks_for_facts_only(const char *text)
{
    const struct mustache_problem *problems;
    const struct mustache *m;
    struct mustache_name name;
    size_t it = 0;
    if (!text)
        return;
    assert_int_equal(mustache_parse(arena, str_from(text), &m, &problems), ERR_OK);
    while (mustache_next_name(m, &it, &name))
        assert_true(shipped_is_fact(name.name));
}

static void every_language_has_good_templates(void **state)
{
    (void)state;
    for (const struct shipped_language *l = SHIPPED_LANGUAGES; l->code; l++)
        for (const struct shipped *s = l->rows; s->name; s++) {
            asks_for_facts_only(s->subject);
            asks_for_facts_only(s->message);
            asks_for_facts_only(s->text);
            asks_for_facts_only(s->html);
            assert_non_null(shipped_find(str_from(s->name), STR(LANGUAGE_DEFAULT)));
            struct str subject = show(s->subject, str_from(SHIPPED_SAMPLE), MUSTACHE_PLAIN);
            assert_true(subject.len > 0 && str_index(subject, '\n', 0) < 0);
            assert_true(show(s->message, str_from(SHIPPED_SAMPLE), MUSTACHE_PLAIN).len > 0);
        }
}

static void every_language_has_every_template(void **state)
{
    (void)state;
    for (const struct shipped_language *l = SHIPPED_LANGUAGES; l->code; l++)
        for (const struct shipped *s = SHIPPED_EN; s->name; s++)
            assert_non_null(shipped_find(str_from(s->name), str_from(l->code)));
    assert_null(shipped_find(STR("nonsense"), STR("en")));
    assert_null(shipped_find(STR("welcome"), STR("fr")));
}

static void frames_let_no_markup_through(void **state)
{
    (void)state;
    static const char *const FRAMES[] = {SHIPPED_LAYOUT, SHIPPED_DIGEST};
    struct str facts = STR("{\"title\":\"<script>\",\"message\":\"<script>\",\"name\":\"<script>\","
                           "\"link\":\"\\\"><script>\",\"unsubscribe_link\":\"'<script>\","
                           "\"ticket_number\":\"<script>\",\"items\":[{\"title\":\"<script>\","
                           "\"message\":\"<script>\",\"time\":\"<script>\"}]}");
    for (const struct shipped_language *l = SHIPPED_LANGUAGES; l->code; l++)
        for (size_t i = 0; i < 2; i++) {
            const struct shipped *s = shipped_find(str_from(FRAMES[i]), str_from(l->code));
            struct str html = show(s->html, facts, MUSTACHE_HTML);
            assert_true(str_find(html, STR("<script")) < 0);
            assert_true(str_find(html, STR("&lt;script&gt;")) > 0);
        }
}

static struct str said(const char *template, const struct occasion *o)
{
    const struct shipped *s = shipped_find(str_from(template), STR("en"));
    return show(s->message, facts_of(arena, o), MUSTACHE_PLAIN);
}

static void missing_facts_are_replaced(void **state)
{
    (void)state;
    struct occasion o = {.ticket_number = STR("TX1"), .text = STR("hello")};
    assert_true(
        str_eq(said("comment_added", &o), STR("The helpdesk wrote on TX1 \"no subject\": hello")));
    o.subject = STR("VPN {{status}} {{{x}}} <b>");
    o.actor_name = STR("Ann");
    assert_true(str_eq(said("comment_added", &o),
                       STR("Ann wrote on TX1 \"VPN {{status}} {{{x}}} <b>\": hello")));
    assert_true(str_eq(said("ticket_closed_other", &o),
                       STR("Ticket TX1 \"VPN {{status}} {{{x}}} <b>\" was closed.")));
    o.rating = 4;
    assert_true(str_has_suffix(said("ticket_closed_other", &o), STR("with 4 of 5 stars.")));
}

static void facts_are_added_and_replaced(void **state)
{
    (void)state;
    const struct fact more[] = {
        {"a", STR("new")}, {"b", STR_NULL}, {"c", STR("\"<")}, {NULL, STR_NULL}};
    assert_true(str_eq(facts_with(arena, STR("{\"a\":1,\"b\":[2],\"d\":{\"e\":null}}"), more),
                       STR("{\"b\":[2],\"d\":{\"e\":null},\"a\":\"new\",\"c\":\"\\\"<\"}")));
    static const char *const BAD[] = {"", "[]", "nonsense", "7", "null"};
    for (size_t i = 0; i < 5; i++)
        assert_true(str_eq(facts_with(arena, str_from(BAD[i]), more),
                           STR("{\"a\":\"new\",\"c\":\"\\\"<\"}")));
}

static void languages(void **state)
{
    (void)state;
    static const char *const GOOD[] = {"de", "en", "de-AT", "pt-BR", "zh-cn"};
    static const char *const BAD[] = {"",      "d",     "deu",    "DE",       "de-",
                                      "de_AT", "de-A1", "de-AUT", "d\xC3\xA9"};
    for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
        assert_true(language_is_code(str_from(GOOD[i])));
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(language_is_code(str_from(BAD[i])));
    assert_true(str_eq(language_parent(STR("de-AT")), STR("de")));
    assert_null(language_parent(STR("de")).p);
    assert_false(shipped_is_fact(STR("nonsense")) || shipped_is_fact(STR("tick")) ||
                 shipped_is_fact(STR("")));
    assert_true(shipped_is_fact(STR("items")) && shipped_is_fact(STR("items.x")));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(every_language_has_good_templates), T(every_language_has_every_template),
        T(frames_let_no_markup_through),      T(missing_facts_are_replaced),
        T(facts_are_added_and_replaced),      T(languages),
    };
    return cmocka_run_group_tests_name("shipped", tests, NULL, NULL);
}
