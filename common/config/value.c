#include "value.h"

#include <inttypes.h>

struct unit {
    const char *suffix;
    int64_t factor;
};

static const struct unit duration_units[] = {
    {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {NULL}};
static const struct unit size_units[] = {{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {NULL}};

static void *member(const struct setting *s, void *target)
{
    return (char *)target + s->offset;
}

static const void *member_in(const struct setting *s, const void *target)
{
    return (const char *)target + s->offset;
}

static bool parse_bool(struct str text, bool *out)
{
    static const struct str yes[] = {STR("true"), STR("1"), STR("yes"), STR("on")};
    static const struct str no[] = {STR("false"), STR("0"), STR("no"), STR("off")};

    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        *out = str_ieq(text, yes[i]);
        if (*out || str_ieq(text, no[i]))
            return true;
    }
    return false;
}

/* A number with an optional unit, in base units. */
static bool parse_scaled(struct str text, const struct unit *units, int64_t *out)
{
    int64_t factor = 1;

    for (; units->suffix; units++) {
        struct str last = str_slice(text, text.len ? text.len - 1 : 0, text.len);

        if (str_ieq(last, str_from(units->suffix))) {
            factor = units->factor;
            text.len--;
            break;
        }
    }
    return str_to_i64(text, out) && *out >= 0 && !__builtin_mul_overflow(*out, factor, out);
}

/* The choice that equals the text, in the table's spelling. */
static bool find_choice(const struct setting *s, struct str text, struct str *out)
{
    struct str rest = str_from(s->choices);

    while (str_next(&rest, '|', out))
        if (str_ieq(*out, text))
            return true;
    return false;
}

static bool is_url(const struct setting *s, struct str text)
{
    ptrdiff_t end = str_find(text, STR("://"));
    struct str scheme;

    if (end <= 0 || text.len == (size_t)end + 3)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.p[i] <= ' ')
            return false;
    }
    return !s->choices || find_choice(s, str_slice(text, 0, (size_t)end), &scheme);
}

static bool are_urls(const struct setting *s, struct str text)
{
    struct str rest = text, one;

    if (!(s->flags & SETTING_LIST))
        return is_url(s, text);
    while (str_next(&rest, ',', &one))
        if (!is_url(s, str_trim(one)))
            return false;
    return true;
}

static const char *choices_text(const struct setting *s, const char *prefix, struct arena *a)
{
    struct str rest = str_from(s->choices), choice;
    char *text = arena_strdup(a, prefix);

    while (str_next(&rest, '|', &choice))
        text =
            arena_printf(a, "%s%s%.*s", text, choice.p == s->choices ? "" : ", ", STR_ARG(choice));
    return text;
}

static bool check_range(const struct setting *s, int64_t v, struct arena *a, const char **why)
{
    bool has_max = s->max >= s->min;

    if ((s->min == 0 && s->max == 0) || (v >= s->min && (v <= s->max || !has_max)))
        return true;
    *why = has_max ? arena_printf(a, "must be %" PRId64 " to %" PRId64, s->min, s->max)
                   : arena_printf(a, "must be at least %" PRId64, s->min);
    return false;
}

static bool parse_int64(const struct setting *s, struct str text, int64_t *out, struct arena *a,
                        const char **why)
{
    int64_t v = 0;
    bool ok = true;

    if (s->type == SETTING_DURATION) {
        ok = parse_scaled(text, duration_units, &v);
        *why = "must be a duration such as 90, 15m, 24h or 7d";
    } else if (s->type == SETTING_SIZE) {
        ok = parse_scaled(text, size_units, &v);
        *why = "must be a size such as 1048576, 512k, 10m or 2g";
    } else {
        ok = str_to_i64(text, &v);
        *why = "must be a whole number";
    }
    if (ok && s->type == SETTING_PORT && (v < 0 || v > 65535)) {
        ok = false;
        *why = "must be a port, 0 to 65535";
    }
    if (!ok || !check_range(s, v, a, why))
        return false;
    *out = v;
    return true;
}

static bool parse_str(const struct setting *s, struct str text, struct str *out, struct arena *a,
                      const char **why)
{
    if (s->type == SETTING_ENUM) {
        *why = choices_text(s, "must be one of ", a);
        return find_choice(s, text, out);
    }
    if (s->type == SETTING_URL && !are_urls(s, text)) {
        *why = s->choices ? choices_text(s, "must be a URL with the scheme ", a) : "must be a URL";
        return false;
    }
    *why = "must be UTF-8 text";
    *out = str_dup(a, text);
    return str_is_utf8(text);
}

bool value_parse(const struct setting *s, struct str text, void *target, struct arena *a,
                 const char **why)
{
    void *p = member(s, target);

    switch (s->type) {
    case SETTING_STR:
    case SETTING_URL:
    case SETTING_ENUM:
        return parse_str(s, text, p, a, why);
    case SETTING_INT:
    case SETTING_DURATION:
    case SETTING_SIZE:
    case SETTING_PORT:
        return parse_int64(s, text, p, a, why);
    case SETTING_BOOL:
        *why = "must be true or false";
        return parse_bool(text, p);
    }
    return false;
}

void value_clear(const struct setting *s, void *target)
{
    void *p = member(s, target);

    switch (s->type) {
    case SETTING_STR:
    case SETTING_URL:
    case SETTING_ENUM:
        *(struct str *)p = STR_NULL;
        return;
    case SETTING_INT:
    case SETTING_DURATION:
    case SETTING_SIZE:
    case SETTING_PORT:
        *(int64_t *)p = 0;
        return;
    case SETTING_BOOL:
        *(bool *)p = false;
        return;
    }
}

void value_print_url(struct str url, FILE *out)
{
    ptrdiff_t scheme = str_find(url, STR("://"));
    size_t start = scheme < 0 ? 0 : (size_t)scheme + 3, end = start;
    ptrdiff_t colon, at = -1;

    while (end < url.len && url.p[end] != '/' && url.p[end] != '?')
        end++;
    for (size_t i = start; i < end; i++) {
        if (url.p[i] == '@')
            at = (ptrdiff_t)i;
    }
    colon = at < 0 ? -1 : str_index(str_slice(url, 0, (size_t)at), ':', start);
    if (colon < 0)
        fprintf(out, "%.*s", STR_ARG(url));
    else
        fprintf(out, "%.*s***%.*s", (int)colon + 1, url.p, (int)(url.len - (size_t)at), url.p + at);
}

void value_print(const struct setting *s, const void *target, FILE *out)
{
    const void *p = member_in(s, target);

    switch (s->type) {
    case SETTING_STR:
    case SETTING_ENUM:
        fprintf(out, "%.*s", STR_ARG(*(const struct str *)p));
        return;
    case SETTING_URL:
        value_print_url(*(const struct str *)p, out);
        return;
    case SETTING_INT:
    case SETTING_DURATION:
    case SETTING_SIZE:
    case SETTING_PORT:
        fprintf(out, "%" PRId64, *(const int64_t *)p);
        return;
    case SETTING_BOOL:
        fputs(*(const bool *)p ? "true" : "false", out);
        return;
    }
}
