#include "domain/query.h"

#include "clock.h"

enum form { FORM_WORD, FORM_TEXT, FORM_PERSON, FORM_NUMBER, FORM_CHOICE, FORM_TIME };

static const struct {
    const char *name, *alias;
    enum query_key key;
    enum form form;
    bool may_be_none;
    const char *choices; /* of FORM_CHOICE */
} KEYS[] = {
    {"status", NULL, QUERY_STATUS, FORM_TEXT, false, NULL},
    {"priority", NULL, QUERY_PRIORITY, FORM_TEXT, false, NULL},
    {"category", NULL, QUERY_CATEGORY, FORM_TEXT, false, NULL},
    {"department", NULL, QUERY_DEPARTMENT, FORM_TEXT, true, NULL},
    {"approval", NULL, QUERY_APPROVAL, FORM_CHOICE, false, "pending|approved|rejected"},
    {"owner", "assignee", QUERY_OWNER, FORM_PERSON, true, NULL},
    {"requester", NULL, QUERY_REQUESTER, FORM_PERSON, false, NULL},
    {"tag", NULL, QUERY_TAG, FORM_TEXT, true, NULL},
    {"number", NULL, QUERY_NUMBER, FORM_NUMBER, false, NULL},
    {"is", NULL, QUERY_IS, FORM_CHOICE, false,
     "open|finished|assigned|unowned|pending|unanswered|watched"},
    {"has", NULL, QUERY_HAS, FORM_CHOICE, false, "attachment|comment|tag"},
    {"created", NULL, QUERY_CREATED, FORM_TIME, false, NULL},
    {"updated", NULL, QUERY_UPDATED, FORM_TIME, false, NULL},
};
#define KEY_COUNT (sizeof KEYS / sizeof *KEYS)

struct reader {
    struct arena *arena;
    struct str text;
    size_t at;
    int64_t now;
    struct query_problem *problem;
};

const char *query_key_name(enum query_key key)
{
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (KEYS[i].key == key)
            return KEYS[i].name;
    return NULL;
}

static size_t position(const struct reader *r, size_t at)
{
    return str_utf8_len(str_slice(r->text, 0, at)) + 1;
}

static enum err wrong(struct reader *r, size_t at, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    *r->problem = (struct query_problem){position(r, at), arena_vprintf(r->arena, fmt, ap)};
    va_end(ap);
    return ERR_VALIDATION_ERROR;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_at_end(const struct reader *r)
{
    return r->at == r->text.len || is_blank(r->text.p[r->at]);
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->text.len && is_blank(r->text.p[r->at]))
        r->at++;
}

/* ---- pieces ------------------------------------------------------------------------------- */

/* What stands in quotes at the present position; \" and \\ are a quote and a backslash. */
static enum err take_quoted(struct reader *r, struct str *out)
{
    char *copy = arena_alloc(r->arena, r->text.len - r->at + 1);
    size_t n = 0, begin = r->at++;

    for (; r->at < r->text.len; r->at++) {
        char c = r->text.p[r->at];

        if (c == '"') {
            r->at++;
            *out = str_n(copy, n);
            return ERR_OK;
        }
        if (c == '\\' && r->at + 1 < r->text.len && strchr("\"\\", r->text.p[r->at + 1]))
            c = r->text.p[++r->at];
        copy[n++] = c;
    }
    return wrong(r, begin, "the quotation mark is never closed");
}

/* Up to a blank, or to one of the given characters. */
static struct str take_bare(struct reader *r, const char *stops)
{
    size_t begin = r->at;

    while (!is_at_end(r) && !strchr(stops, r->text.p[r->at]))
        r->at++;
    return str_slice(r->text, begin, r->at);
}

/* ---- times -------------------------------------------------------------------------------- */

/* from <= t < until: a day, or an instant. */
struct span {
    int64_t from, until;
};

/* "7d" as microseconds. */
static bool read_age(struct str s, int64_t *us)
{
    static const struct {
        char unit;
        int64_t us;
    } UNITS[] = {
        {'m', 60 * US_PER_S}, {'h', 3600 * US_PER_S}, {'d', US_PER_DAY}, {'w', 7 * US_PER_DAY}};
    int64_t n;

    if (s.len < 2 || s.p[0] == '-' || !str_to_i64(str_slice(s, 0, s.len - 1), &n) || n > 1000000)
        return false;
    for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++)
        if (UNITS[i].unit == s.p[s.len - 1]) {
            *us = n * UNITS[i].us;
            return true;
        }
    return false;
}

static bool read_day(struct arena *a, struct str s, int64_t now, struct span *out)
{
    int64_t today = now - now % US_PER_DAY;

    if (str_ieq(s, STR("today")))
        out->from = today;
    else if (str_ieq(s, STR("yesterday")))
        out->from = today - US_PER_DAY;
    else if (s.len != 10 || !time_parse(str_printf(a, "%.*sT00:00:00Z", STR_ARG(s)), &out->from))
        return false;
    out->until = out->from + US_PER_DAY;
    return true;
}

static bool read_point(struct arena *a, struct str s, int64_t now, struct span *out)
{
    if (read_day(a, s, now, out))
        return true;
    if (!time_parse(s, &out->from))
        return false;
    out->until = out->from + 1;
    return true;
}

/* One side of a range; an age counts back from now. */
static bool read_side(struct arena *a, struct str s, int64_t now, struct span *out)
{
    int64_t age;

    if (!read_age(s, &age))
        return read_point(a, s, now, out);
    *out = (struct span){now - age, now - age + 1};
    return true;
}

static bool read_range(struct reader *r, struct str first, struct str last, struct query_term *t)
{
    struct span begin = {QUERY_NO_TIME, QUERY_NO_TIME}, end = begin;

    if ((first.len && !read_side(r->arena, first, r->now, &begin)) ||
        (last.len && !read_side(r->arena, last, r->now, &end)) || (!first.len && !last.len))
        return false;
    t->from = begin.from;
    t->until = end.until;
    return true;
}

static bool read_comparison(struct reader *r, struct str s, struct query_term *t)
{
    char sign = s.p[0];
    bool has_sign = sign == '<' || sign == '>', or_equal;
    struct span point;
    int64_t age;

    s = str_slice(s, has_sign, s.len);
    or_equal = has_sign && s.len && s.p[0] == '=';
    s = str_slice(s, or_equal, s.len);
    if (read_age(s, &age)) {
        /* Younger is later; an age without a sign means up to it. */
        *(sign == '>' ? &t->until : &t->from) = r->now - age;
        return true;
    }
    if (!read_point(r->arena, s, r->now, &point))
        return false;
    if (sign != '<')
        t->from = sign == '>' && !or_equal ? point.until : point.from;
    if (sign != '>')
        t->until = sign == '<' && !or_equal ? point.from : point.until;
    return true;
}

static enum err take_time(struct reader *r, struct query_term *t)
{
    size_t begin = r->at;
    struct str s = take_bare(r, "");
    ptrdiff_t dots = str_find(s, STR(".."));

    size_t cut = dots < 0 ? s.len : (size_t)dots;
    bool is_good = s.len > 0 && s.len <= 80;

    if (is_good && dots >= 0)
        is_good = read_range(r, str_slice(s, 0, cut), str_slice(s, cut + 2, s.len), t);
    else if (is_good)
        is_good = read_comparison(r, s, t);
    if (!is_good)
        return wrong(r, begin,
                     "is not a time: write 2026-01-31, 2026-01-01..2026-01-31, >2026-01-01, <7d "
                     "or today");
    return ERR_OK;
}

/* ---- values ------------------------------------------------------------------------------- */

static bool is_choice(struct str word, const char *choices)
{
    struct str rest = str_from(choices), choice;

    while (str_next(&rest, '|', &choice))
        if (str_ieq(word, choice))
            return true;
    return false;
}

static enum err check_person(struct reader *r, size_t begin, struct str *value)
{
    int64_t id;

    if (str_ieq(*value, STR("me"))) {
        *value = STR("me");
        return ERR_OK;
    }
    if (!str_to_i64(*value, &id) || id <= 0)
        return wrong(r, begin, "is not a person: write an id or \"me\"");
    *value = str_printf(r->arena, "%lld", (long long)id);
    return ERR_OK;
}

static enum err check_number(struct reader *r, size_t begin, struct str *value)
{
    struct str digits = *value;
    bool is_prefix = str_has_suffix(digits, STR("*"));

    digits = str_slice(digits, 0, digits.len - is_prefix);
    if (digits.len >= 2 && str_ieq(str_slice(digits, 0, 2), STR("TX")))
        digits = str_slice(digits, 2, digits.len);
    for (size_t i = 0; i < digits.len; i++)
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return wrong(r, begin, "is not a ticket number: write TX20260112000001 or TX20260112*");
    if (digits.len > 18 || (!is_prefix && digits.len < 14))
        return wrong(r, begin, "is not a ticket number: write TX20260112000001 or TX20260112*");
    *value = str_printf(r->arena, "TX%.*s%s", STR_ARG(digits), is_prefix ? "*" : "");
    return ERR_OK;
}

static enum err check_value(struct reader *r, size_t key, size_t begin, struct str *value)
{
    struct str word = str_trim(*value);

    *value = word;
    if (str_is_empty(word))
        return wrong(r, begin, "a value of %s: is missing", KEYS[key].name);
    switch (KEYS[key].form) {
    case FORM_PERSON:
        return check_person(r, begin, value);
    case FORM_NUMBER:
        return check_number(r, begin, value);
    case FORM_CHOICE:
        *value = str_lower(r->arena, word);
        if (is_choice(word, KEYS[key].choices))
            return ERR_OK;
        return wrong(r, begin, "is none of %s", KEYS[key].choices);
    case FORM_WORD:
    case FORM_TEXT:
    case FORM_TIME:
        break;
    }
    return ERR_OK;
}

static enum err take_values(struct reader *r, size_t key, struct query_term *t)
{
    t->values = ARENA_ARRAY(r->arena, struct str, QUERY_VALUE_MAX);
    for (;;) {
        size_t begin = r->at;
        bool is_quoted = !is_at_end(r) && r->text.p[r->at] == '"';
        struct str value = STR_NULL;
        enum err rc = ERR_OK;

        if (is_quoted)
            rc = take_quoted(r, &value);
        else
            value = take_bare(r, ",");
        if (rc)
            return rc;
        if (KEYS[key].may_be_none && !is_quoted && str_ieq(value, STR("none"))) {
            t->has_none = true;
        } else {
            rc = check_value(r, key, begin, &value);
            if (rc)
                return rc;
            if (t->value_count == QUERY_VALUE_MAX)
                return wrong(r, begin, "there are more than %d alternatives", QUERY_VALUE_MAX);
            t->values[t->value_count++] = value;
        }
        if (is_at_end(r))
            return ERR_OK;
        if (r->text.p[r->at] != ',')
            return wrong(r, r->at, "a blank or a comma is missing behind the quotation mark");
        r->at++;
    }
}

/* ---- terms -------------------------------------------------------------------------------- */

static size_t key_of(struct str name)
{
    size_t i = 0;

    while (i < KEY_COUNT && !str_ieq(name, str_from(KEYS[i].name)) &&
           !(KEYS[i].alias && str_ieq(name, str_from(KEYS[i].alias))))
        i++;
    return i;
}

/* The name in front of a colon, where the word is a condition: a URL or a time of day is none. */
static struct str name_of_condition(struct str word)
{
    ptrdiff_t colon = str_index(word, ':', 0);
    size_t end = colon < 0 ? 0 : (size_t)colon;
    struct str name = str_slice(word, 0, end);

    for (size_t i = 0; i < end; i++)
        if (!((name.p[i] | 0x20) >= 'a' && (name.p[i] | 0x20) <= 'z') && name.p[i] != '_')
            return STR_NULL;
    if (end + 1 < word.len && word.p[end + 1] == '/')
        return STR_NULL;
    if (end + 1 == word.len && key_of(name) == KEY_COUNT)
        return STR_NULL; /* "Error:" */
    return end ? name : STR_NULL;
}

static void set_word(struct reader *r, struct query_term *t, struct str word)
{
    size_t end = word.len;

    while (end && word.p[end - 1] == '*')
        end--;
    t->is_prefix = end < word.len;
    t->values = ARENA_NEW(r->arena, struct str);
    t->values[0] = str_slice(word, 0, end);
    t->value_count = 1;
}

static enum err take_phrase(struct reader *r, struct query_term *t)
{
    struct str phrase = STR_NULL;
    enum err rc = take_quoted(r, &phrase);

    if (rc)
        return rc;
    set_word(r, t, STR(""));
    t->values[0] = str_trim(phrase);
    t->is_phrase = true;
    t->is_prefix = false;
    return ERR_OK;
}

static enum err take_term(struct reader *r, struct query_term *t)
{
    size_t begin = r->at, key;
    struct str word, name;

    *t = (struct query_term){
        .from = QUERY_NO_TIME, .until = QUERY_NO_TIME, .at = position(r, begin)};
    if (r->text.p[r->at] == '-' && r->at + 1 < r->text.len && !is_blank(r->text.p[r->at + 1])) {
        t->is_excluded = true;
        r->at++;
    }
    begin = r->at;
    if (r->text.p[r->at] == '"')
        return take_phrase(r, t);
    word = take_bare(r, "\"");
    name = name_of_condition(word);
    if (!name.p) {
        set_word(r, t, word);
        return ERR_OK;
    }
    key = key_of(name);
    if (key == KEY_COUNT)
        return wrong(r, begin, "\"%.*s:\" is not a field; put what is to be found into quotes",
                     STR_ARG(name));
    t->key = KEYS[key].key;
    r->at = begin + name.len + 1;
    return KEYS[key].form == FORM_TIME ? take_time(r, t) : take_values(r, key, t);
}

/* The word that is still being typed. */
static void mark_last_word(struct query *q)
{
    struct query_term *last = q->count ? &q->terms[q->count - 1] : NULL;

    if (last && last->key == QUERY_WORD && !last->is_phrase && !last->is_excluded)
        last->is_prefix = true;
}

enum err query_parse(struct arena *a, struct str text, int64_t now, struct query *out,
                     struct query_problem *problem)
{
    struct reader r = {a, text, 0, now, problem};

    *out = (struct query){.terms = ARENA_ARRAY(a, struct query_term, QUERY_TERM_MAX)};
    if (str_utf8_len(text) > QUERY_CHARS_MAX) {
        *problem = (struct query_problem){QUERY_CHARS_MAX + 1, "the query is too long"};
        return ERR_VALIDATION_ERROR;
    }
    for (skip_blanks(&r); r.at < text.len; skip_blanks(&r)) {
        struct query_term *t = &out->terms[out->count];
        enum err rc;

        if (out->count == QUERY_TERM_MAX)
            return wrong(&r, r.at, "there are more than %d conditions", QUERY_TERM_MAX);
        rc = take_term(&r, t);
        if (rc)
            return rc;
        if (t->key != QUERY_WORD || t->values[0].len)
            out->count++;
    }
    mark_last_word(out);
    return ERR_OK;
}

void query_of_words(struct arena *a, struct str text, struct query *out)
{
    struct query_problem ignored;
    struct reader r = {a, text, 0, 0, &ignored};

    *out = (struct query){.terms = ARENA_ARRAY(a, struct query_term, QUERY_TERM_MAX)};
    for (skip_blanks(&r); r.at < text.len && out->count < QUERY_TERM_MAX; skip_blanks(&r)) {
        struct query_term *t = &out->terms[out->count];

        *t = (struct query_term){.from = QUERY_NO_TIME, .until = QUERY_NO_TIME};
        set_word(&r, t, take_bare(&r, ""));
        out->count += t->values[0].len > 0;
    }
    mark_last_word(out);
}
