/* The query language: what its terms become, and what is wrong with others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "buf.h"
#include "clock.h"
#include "domain/query.h"

/* 2026-01-10T12:00:00Z */
#define NOW INT64_C(1768046400000000)

static void add_time(struct buf *b, const char *sign, int64_t us)
{
    char text[TIME_TEXT_SIZE];

    if (us == QUERY_NO_TIME)
        return;
    time_format_ms(us, text);
    buf_printf(b, " %s%s", sign, text);
    if (us % US_PER_MS)
        buf_printf(b, "+%lld", (long long)(us % US_PER_MS));
}

/* All terms as text: "[-]key(value|value|none) >=time <time". */
static struct str describe(struct arena *a, const struct query *q)
{
    struct buf b;

    buf_init(&b, a);
    for (size_t i = 0; i < q->count; i++) {
        const struct query_term *t = &q->terms[i];
        const char *name = query_key_name(t->key);

        buf_printf(&b, "%s%s%s", i ? "; " : "", t->is_excluded ? "-" : "",
                   name           ? name
                   : t->is_phrase ? "phrase"
                                  : "word");
        for (size_t k = 0; k < t->value_count; k++)
            buf_printf(&b, "%s%.*s", k ? "|" : "(", STR_ARG(t->values[k]));
        if (t->has_none)
            buf_add_str(&b, t->value_count ? STR("|none") : STR("(none"));
        if (t->value_count || t->has_none)
            buf_add_str(&b, t->is_prefix ? STR("*)") : STR(")"));
        add_time(&b, ">=", t->from);
        add_time(&b, "<", t->until);
    }
    return buf_str(&b);
}

static void terms_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text, *terms;
    } cases[] = {
        {"", ""},
        {" \t\r\n ", ""},
        {"vpn", "word(vpn*)"},
        {"VPN printer", "word(VPN); word(printer*)"},
        {"vpn status:open", "word(vpn); status(open)"},
        {"prin* vpn -fax", "word(prin*); word(vpn); -word(fax)"},
        {"* ** vpn", "word(vpn*)"},
        {"\"paper jam\"", "phrase(paper jam)"},
        {"-\"paper jam\" x", "-phrase(paper jam); word(x*)"},
        {"\"a \\\"b\\\" \\\\ c\"", "phrase(a \"b\" \\ c)"},
        {"\"\" \" \"", ""},
        {"- a", "word(-); word(a*)"},
        {"-", "word(-*)"},
        {"a-b c", "word(a-b); word(c*)"},
        {"abc\"d e\"", "word(abc); phrase(d e)"},
        {"status:open", "status(open)"},
        {"STATUS:Open,On-Hold", "status(Open|On-Hold)"},
        {"-status:closed", "-status(closed)"},
        {"category:\"IT Support\",HR", "category(IT Support|HR)"},
        {"department:none", "department(none)"},
        {"department:\"none\"", "department(none)"},
        {"owner:me,None,17", "owner(me|17|none)"},
        {"assignee:ME", "owner(me)"},
        {"requester:017", "requester(17)"},
        {"tag:vpn tag:wifi", "tag(vpn); tag(wifi)"},
        {"number:TX20260112000001", "number(TX20260112000001)"},
        {"number:tx2026*", "number(TX2026*)"},
        {"number:20260112*", "number(TX20260112*)"},
        {"is:open,UNOWNED", "is(open|unowned)"},
        {"has:attachment", "has(attachment)"},
        {"approval:Pending", "approval(pending)"},
        {"http://x.example/a?b=c", "word(http://x.example/a?b=c*)"},
        {"12:30 Error: x", "word(12:30); word(Error:); word(x*)"},
        {"created:2026-01-01", "created >=2026-01-01T00:00:00.000Z <2026-01-02T00:00:00.000Z"},
        {"created:>2026-01-01", "created >=2026-01-02T00:00:00.000Z"},
        {"created:>=2026-01-01", "created >=2026-01-01T00:00:00.000Z"},
        {"created:<2026-01-01", "created <2026-01-01T00:00:00.000Z"},
        {"created:<=2026-01-01", "created <2026-01-02T00:00:00.000Z"},
        {"created:2026-01-01..2026-02-01",
         "created >=2026-01-01T00:00:00.000Z <2026-02-02T00:00:00.000Z"},
        {"created:2026-01-01..", "created >=2026-01-01T00:00:00.000Z"},
        {"created:..2026-01-01", "created <2026-01-02T00:00:00.000Z"},
        {"created:7d..1d", "created >=2026-01-03T12:00:00.000Z <2026-01-09T12:00:00.000Z+1"},
        {"updated:<7d", "updated >=2026-01-03T12:00:00.000Z"},
        {"updated:>2w", "updated <2025-12-27T12:00:00.000Z"},
        {"updated:12h", "updated >=2026-01-10T00:00:00.000Z"},
        {"updated:<30m", "updated >=2026-01-10T11:30:00.000Z"},
        {"created:today", "created >=2026-01-10T00:00:00.000Z <2026-01-11T00:00:00.000Z"},
        {"created:>=Yesterday", "created >=2026-01-09T00:00:00.000Z"},
        {"created:>2026-01-01T10:00:00Z", "created >=2026-01-01T10:00:00.000Z+1"},
        {"created:<=2026-01-01T10:00:00+02:00", "created <2026-01-01T08:00:00.000Z+1"},
        {"-created:today", "-created >=2026-01-10T00:00:00.000Z <2026-01-11T00:00:00.000Z"},
    };
    struct arena *a = arena_new();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct query_problem problem;
        struct query q;

        if (query_parse(a, str_from(cases[i].text), NOW, &q, &problem))
            fail_msg("%s: at %zu: %s", cases[i].text, problem.at, problem.message);
        if (!str_eq(describe(a, &q), str_from(cases[i].terms)))
            fail_msg("%s: %.*s", cases[i].text, STR_ARG(describe(a, &q)));
    }
    arena_free(a);
}

static void problems_have_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        const char *message; /* how it begins */
    } cases[] = {
        {"colour:red", 1, "\"colour:\" is not a field"},
        {"vpn -colour:red", 6, "\"colour:\" is not a field"},
        {"\xc3\xa9\xc3\xa9 x:1", 4, "\"x:\" is not a field"},
        {"status:", 8, "a value of status: is missing"},
        {"status: open", 8, "a value of status: is missing"},
        {"status:open,", 13, "a value of status: is missing"},
        {"status:,open", 8, "a value of status: is missing"},
        {"category:\"\"", 10, "a value of category: is missing"},
        {"category:\"IT", 10, "the quotation mark is never closed"},
        {"a \"b c", 3, "the quotation mark is never closed"},
        {"category:\"IT\"x", 14, "a blank or a comma is missing"},
        {"owner:jane", 7, "is not a person"},
        {"owner:0", 7, "is not a person"},
        {"owner:99999999999999999999", 7, "is not a person"},
        {"requester:none", 11, "is not a person"},
        {"owner:me,x", 10, "is not a person"},
        {"number:TX12", 8, "is not a ticket number"},
        {"number:abc*", 8, "is not a ticket number"},
        {"number:TX2026011200000112345*", 8, "is not a ticket number"},
        {"is:red", 4, "is none of open|"},
        {"has:teeth", 5, "is none of attachment|"},
        {"approval:maybe", 10, "is none of pending|"},
        {"created:", 9, "is not a time"},
        {"created:>", 9, "is not a time"},
        {"created:..", 9, "is not a time"},
        {"created:2026-02-30", 9, "is not a time"},
        {"created:<7x", 9, "is not a time"},
        {"created:<9999999d", 9, "is not a time"},
        {"created:<-7d", 9, "is not a time"},
        {"created:x..2026-01-01", 9, "is not a time"},
    };
    struct arena *a = arena_new();

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct query_problem problem = {0, ""};
        struct query q;
        enum err rc = query_parse(a, str_from(cases[i].text), NOW, &q, &problem);

        if (rc != ERR_VALIDATION_ERROR || problem.at != cases[i].at ||
            !str_has_prefix(str_from(problem.message), str_from(cases[i].message)))
            fail_msg("%s: at %zu: %s", cases[i].text, problem.at, problem.message);
    }
    arena_free(a);
}

static struct str repeated(struct arena *a, const char *head, const char *part, size_t n)
{
    struct buf b;

    buf_init(&b, a);
    buf_add_str(&b, str_from(head));
    for (size_t i = 0; i < n; i++)
        buf_add_str(&b, str_from(part));
    return buf_str(&b);
}

static void queries_are_bounded(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct query_problem problem;
    struct query q;

    assert_int_equal(query_parse(a, repeated(a, "", "\xc3\xa9", 1000), NOW, &q, &problem), ERR_OK);
    assert_int_equal(query_parse(a, repeated(a, "", "\xc3\xa9", 1001), NOW, &q, &problem),
                     ERR_VALIDATION_ERROR);
    assert_int_equal(query_parse(a, repeated(a, "", "x ", 40), NOW, &q, &problem), ERR_OK);
    assert_int_equal(query_parse(a, repeated(a, "", "x ", 41), NOW, &q, &problem),
                     ERR_VALIDATION_ERROR);
    assert_int_equal(problem.at, 81);
    assert_int_equal(query_parse(a, repeated(a, "tag:x", ",x", 49), NOW, &q, &problem), ERR_OK);
    assert_int_equal(query_parse(a, repeated(a, "tag:x", ",x", 50), NOW, &q, &problem),
                     ERR_VALIDATION_ERROR);
    arena_free(a);
}

static void plain_words_have_no_signs(void **state)
{
    (void)state;
    static const struct {
        const char *text, *terms;
    } cases[] = {
        {"", ""},
        {"vpn", "word(vpn*)"},
        {" status:open \"a b\" -x* ", "word(status:open); word(\"a); word(b\"); word(-x*)"},
    };
    struct arena *a = arena_new();
    struct query q;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        query_of_words(a, str_from(cases[i].text), &q);
        if (!str_eq(describe(a, &q), str_from(cases[i].terms)))
            fail_msg("%s: %.*s", cases[i].text, STR_ARG(describe(a, &q)));
    }
    query_of_words(a, repeated(a, "", "x ", 50), &q);
    assert_int_equal(q.count, QUERY_TERM_MAX);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms_are_understood),
        cmocka_unit_test(problems_have_their_place),
        cmocka_unit_test(queries_are_bounded),
        cmocka_unit_test(plain_words_have_no_signs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
