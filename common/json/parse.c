/*
 * The strict parser. Values are gathered on a scratch stack while their container is open and
 * copied to the arena when it closes, so that elements and members are plain arrays. Strings
 * without escapes point into the arena's copy of the text.
 */
#include <math.h>
#include <stdlib.h>

#include "json_value.h"
#include "mem.h"
#include "strmap.h"

#define MAX_DEPTH 64
#define SMALL_OBJECT 16 /* members up to which duplicates are found by comparing all pairs */

struct parser {
    struct arena *arena;
    const char *p, *end; /* *end is NUL, outside the text */
    struct json_entry *scratch;
    size_t used, cap;
    int depth;
    const char *why;
};

static bool parse_value(struct parser *ps, struct json *out);

static bool fail(struct parser *ps, const char *why)
{
    ps->why = why;
    return false;
}

static void skip_blanks(struct parser *ps)
{
    while (*ps->p == ' ' || *ps->p == '\n' || *ps->p == '\t' || *ps->p == '\r')
        ps->p++;
}

/* ---- strings ------------------------------------------------------------------------------ */

static bool hex4(const char *p, unsigned *out)
{
    unsigned v = 0;

    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i];

        if (c >= '0' && c <= '9')
            v = v << 4 | (c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v << 4 | ((c | 0x20) - 'a' + 10);
        else
            return false; /* also the NUL behind the text */
    }
    *out = v;
    return true;
}

static char *put_utf8(char *o, unsigned c)
{
    if (c < 0x80) {
        *o++ = (char)c;
        return o;
    }
    if (c < 0x800) {
        *o++ = (char)(0xC0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *o++ = (char)(0xE0 | c >> 12);
        } else {
            *o++ = (char)(0xF0 | c >> 18);
            *o++ = (char)(0x80 | (c >> 12 & 0x3F));
        }
        *o++ = (char)(0x80 | (c >> 6 & 0x3F));
    }
    *o++ = (char)(0x80 | (c & 0x3F));
    return o;
}

/* ps->p is behind "\u". */
static bool unicode_escape(struct parser *ps, char **o)
{
    unsigned c, low;

    if (!hex4(ps->p, &c))
        return fail(ps, "bad \\u escape");
    ps->p += 4;
    if (c == 0)
        return fail(ps, "NUL in a string");
    if (c >= 0xDC00 && c <= 0xDFFF)
        return fail(ps, "lone surrogate");
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (ps->p[0] != '\\' || ps->p[1] != 'u' || !hex4(ps->p + 2, &low) || low < 0xDC00 ||
            low > 0xDFFF)
            return fail(ps, "lone surrogate");
        ps->p += 6;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    *o = put_utf8(*o, c);
    return true;
}

/* ps->p is behind the backslash. */
static bool escape(struct parser *ps, char **o)
{
    static const char meaning[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                      ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    unsigned char c = (unsigned char)*ps->p;

    if (c == 'u') {
        ps->p++;
        return unicode_escape(ps, o);
    }
    if (!meaning[c])
        return fail(ps, "unknown escape");
    *(*o)++ = meaning[c];
    ps->p++;
    return true;
}

static size_t plain_run(const char *p)
{
    size_t n = 0;

    while ((unsigned char)p[n] >= 0x20 && p[n] != '"' && p[n] != '\\')
        n++;
    return n;
}

/* A string with escapes: from here to its end, which no escape makes longer, into the arena. */
static bool parse_escaped(struct parser *ps, const char *start, struct str *out)
{
    const char *close = ps->p;
    char *text, *o;

    while (*close != '"' && (unsigned char)*close >= 0x20)
        close += *close == '\\' && close[1] ? 2 : 1;
    o = text = arena_alloc(ps->arena, (size_t)(close - start) + 1);
    ps->p = start;
    for (;;) {
        size_t run = plain_run(ps->p);

        memcpy(o, ps->p, run);
        o += run;
        ps->p += run;
        if (*ps->p == '"')
            break;
        if (*ps->p != '\\')
            return fail(ps, "control character or end of text in a string");
        ps->p++;
        if (!escape(ps, &o))
            return false;
    }
    ps->p++;
    *out = str_n(text, (size_t)(o - text));
    return true;
}

static bool parse_string(struct parser *ps, struct str *out)
{
    const char *start = ++ps->p;

    ps->p += plain_run(ps->p);
    if (*ps->p == '\\')
        return parse_escaped(ps, start, out);
    if (*ps->p != '"')
        return fail(ps, "control character or end of text in a string");
    *out = str_n(start, (size_t)(ps->p - start));
    ps->p++;
    return true;
}

/* ---- numbers ------------------------------------------------------------------------------ */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool parse_number(struct parser *ps, double *out)
{
    const char *start = ps->p, *digits;
    bool is_negative = *ps->p == '-', is_whole = true;
    uint64_t v = 0;

    ps->p += is_negative;
    digits = ps->p;
    if (!is_digit(*ps->p))
        return fail(ps, "bad number");
    for (; is_digit(*ps->p); ps->p++)
        v = v * 10 + (uint64_t)(*ps->p - '0'); /* used only while it cannot wrap */
    if (*digits == '0' && ps->p - digits > 1)
        return fail(ps, "number with a leading zero");
    is_whole = ps->p - digits <= 15;
    if (*ps->p == '.') {
        is_whole = false;
        if (!is_digit(*++ps->p))
            return fail(ps, "bad number");
        while (is_digit(*ps->p))
            ps->p++;
    }
    if (*ps->p == 'e' || *ps->p == 'E') {
        is_whole = false;
        ps->p++;
        ps->p += *ps->p == '+' || *ps->p == '-';
        if (!is_digit(*ps->p))
            return fail(ps, "bad number");
        while (is_digit(*ps->p))
            ps->p++;
    }
    if (is_whole) {
        *out = is_negative ? -(double)v : (double)v;
        return true;
    }
    *out = strtod(start, NULL); /* programs never leave the C locale */
    return isfinite(*out) || fail(ps, "number out of range");
}

/* ---- containers --------------------------------------------------------------------------- */

static struct json_entry *push(struct parser *ps)
{
    if (ps->used == ps->cap) {
        ps->cap = ps->cap ? ps->cap * 2 : 32;
        ps->scratch = mem_realloc(ps->scratch, ps->cap * sizeof *ps->scratch);
    }
    return &ps->scratch[ps->used++];
}

static bool has_duplicate_small(const struct json_entry *e, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (str_eq(e[i].key, e[j].key))
                return true;
    return false;
}

/* Open addressing at most half full; slots hold index + 1. */
static bool has_duplicate_large(const struct json_entry *e, size_t n)
{
    size_t mask = 63;
    uint32_t *slots;
    bool found = false;

    while (mask < 2 * n)
        mask = mask * 2 + 1;
    slots = mem_zalloc((mask + 1) * sizeof *slots);
    for (size_t i = 0; i < n && !found; i++) {
        size_t at = hash_bytes(e[i].key.p, e[i].key.len) & mask;

        while (slots[at] && !(found = str_eq(e[slots[at] - 1].key, e[i].key)))
            at = (at + 1) & mask;
        slots[at] = (uint32_t)i + 1;
    }
    free(slots);
    return found;
}

static void close_array(struct parser *ps, size_t base, struct json *out)
{
    size_t n = ps->used - base;
    struct json *items = n ? arena_alloc(ps->arena, n * sizeof *items) : NULL;

    out->height = 0;
    for (size_t i = 0; i < n; i++) {
        items[i] = ps->scratch[base + i].value;
        if (items[i].height > out->height)
            out->height = items[i].height;
    }
    out->height++;
    out->array.items = items;
    out->array.count = n;
}

static bool close_object(struct parser *ps, size_t base, struct json *out)
{
    size_t n = ps->used - base;
    const struct json_entry *from = n ? ps->scratch + base : NULL; /* no scratch, no offset */
    struct json_entry *entries = n ? arena_alloc(ps->arena, n * sizeof *entries) : NULL;

    if (n <= SMALL_OBJECT ? has_duplicate_small(from, n) : has_duplicate_large(from, n))
        return fail(ps, "duplicate key");
    out->height = 0;
    for (size_t i = 0; i < n; i++) {
        entries[i] = from[i];
        if (entries[i].value.height > out->height)
            out->height = entries[i].value.height;
    }
    out->height++;
    out->object.entries = entries;
    out->object.count = n;
    return true;
}

/* Behind an item: more to come, the end of the container, or neither. */
static bool after_item(struct parser *ps, char closer, bool *is_done)
{
    skip_blanks(ps);
    *is_done = *ps->p == closer;
    if (!*is_done && *ps->p != ',')
        return fail(ps, closer == ']' ? "expected ',' or ']'" : "expected ',' or '}'");
    ps->p++;
    if (!*is_done)
        skip_blanks(ps);
    return true;
}

/* The scratch stack may move while an item is parsed, so the item is finished first. */
static bool parse_array(struct parser *ps, struct json *out)
{
    size_t base = ps->used;
    bool is_done;

    ps->p++;
    skip_blanks(ps);
    if ((is_done = *ps->p == ']'))
        ps->p++;
    while (!is_done) {
        struct json item;

        if (!parse_value(ps, &item) || !after_item(ps, ']', &is_done))
            return false;
        push(ps)->value = item;
    }
    close_array(ps, base, out);
    ps->used = base;
    return true;
}

static bool parse_object(struct parser *ps, struct json *out)
{
    size_t base = ps->used;
    bool is_done;

    ps->p++;
    skip_blanks(ps);
    if ((is_done = *ps->p == '}'))
        ps->p++;
    while (!is_done) {
        struct json_entry e;

        if (*ps->p != '"')
            return fail(ps, "expected a member name");
        if (!parse_string(ps, &e.key))
            return false;
        skip_blanks(ps);
        if (*ps->p != ':')
            return fail(ps, "expected ':'");
        ps->p++;
        skip_blanks(ps);
        if (!parse_value(ps, &e.value) || !after_item(ps, '}', &is_done))
            return false;
        *push(ps) = e;
    }
    if (!close_object(ps, base, out))
        return false;
    ps->used = base;
    return true;
}

static bool parse_word(struct parser *ps, struct str word)
{
    if ((size_t)(ps->end - ps->p) < word.len || memcmp(ps->p, word.p, word.len) != 0)
        return fail(ps, "expected a value");
    ps->p += word.len;
    return true;
}

static bool parse_container(struct parser *ps, struct json *out)
{
    bool ok;

    if (ps->depth == MAX_DEPTH)
        return fail(ps, "nested too deeply");
    ps->depth++;
    ok = out->type == JSON_OBJECT ? parse_object(ps, out) : parse_array(ps, out);
    ps->depth--;
    return ok;
}

static bool parse_typed(struct parser *ps, struct json *out)
{
    switch (*ps->p) {
    case '{':
        out->type = JSON_OBJECT;
        return parse_container(ps, out);
    case '[':
        out->type = JSON_ARRAY;
        return parse_container(ps, out);
    case '"':
        out->type = JSON_STRING;
        return parse_string(ps, &out->s);
    case 't':
        out->type = JSON_BOOL;
        out->b = true;
        return parse_word(ps, STR("true"));
    case 'f':
        out->type = JSON_BOOL;
        out->b = false;
        return parse_word(ps, STR("false"));
    case 'n':
        out->type = JSON_NULL;
        return parse_word(ps, STR("null"));
    default:
        out->type = JSON_NUMBER;
        if (*ps->p != '-' && !is_digit(*ps->p))
            return fail(ps, "expected a value");
        return parse_number(ps, &out->d);
    }
}

static bool parse_value(struct parser *ps, struct json *out)
{
    const char *start = ps->p;

    *out = (struct json){0};
    if (!parse_typed(ps, out))
        return false;
    out->raw = str_n(start, (size_t)(ps->p - start));
    return true;
}

static bool parse_document(struct parser *ps, struct json *out)
{
    skip_blanks(ps);
    if (ps->p == ps->end)
        return fail(ps, "empty text");
    if (!parse_value(ps, out))
        return false;
    skip_blanks(ps);
    return ps->p == ps->end || fail(ps, "text behind the value");
}

enum err json_parse(struct arena *a, struct str text, const struct json **out, const char **why)
{
    struct parser ps = {.arena = a};
    struct json *v;
    bool ok;

    *out = NULL;
    *why = NULL;
    if (!str_is_utf8(text)) {
        *why = "not UTF-8";
        return ERR_INVALID_INPUT;
    }
    if (text.len >= UINT32_MAX) {
        *why = "too large";
        return ERR_INVALID_INPUT;
    }
    v = ARENA_NEW(a, struct json);
    ps.p = arena_memdup0(a, text.p, text.len);
    ps.end = ps.p + text.len;
    ok = parse_document(&ps, v);
    free(ps.scratch);
    if (!ok) {
        *why = ps.why;
        return ERR_INVALID_INPUT;
    }
    *out = v;
    return ERR_OK;
}
