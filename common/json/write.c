/* The direct writer. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "json_value.h"

#define MAX_DEPTH 64
#define SWAR_ONES UINT64_C(0x0101010101010101)
#define SWAR_HIGH UINT64_C(0x8080808080808080)

void jw_init(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){.out = out};
}

/* The comma before an item, unless it is the first or a member's value. */
static void separate(struct json_writer *w)
{
    uint64_t bit;

    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0)
        return;
    bit = UINT64_C(1) << (w->depth - 1);
    if (w->has_item & bit)
        buf_add_char(w->out, ',');
    w->has_item |= bit;
}

static void open_container(struct json_writer *w, char c)
{
    separate(w);
    if (w->depth == MAX_DEPTH)
        abort(); /* input is never nested into the writer's own levels: a programming error */
    w->has_item &= ~(UINT64_C(1) << w->depth);
    w->depth++;
    buf_add_char(w->out, c);
}

static void close_container(struct json_writer *w, char c)
{
    if (w->depth == 0)
        abort();
    w->depth--;
    buf_add_char(w->out, c);
}

void jw_object(struct json_writer *w)
{
    open_container(w, '{');
}

void jw_array(struct json_writer *w)
{
    open_container(w, '[');
}

void jw_end_object(struct json_writer *w)
{
    close_container(w, '}');
}

void jw_end_array(struct json_writer *w)
{
    close_container(w, ']');
}

/* Length of the run of printable ASCII without '"' and '\\' that starts at p. */
static size_t plain_run(const unsigned char *p, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        uint64_t x, quote, slash, special;

        memcpy(&x, p + i, 8);
        quote = x ^ (SWAR_ONES * '"');
        slash = x ^ (SWAR_ONES * '\\');
        special = (x - SWAR_ONES * 0x20) | (quote - SWAR_ONES) | (slash - SWAR_ONES) | x;
        /* Borrows only ever flag too much, behind a byte that is special itself. */
        if (special & SWAR_HIGH)
            break;
    }
    while (i < n && p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

/* Length of the UTF-8 sequence at p, 0 when it is malformed. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
    size_t len = *p < 0xC2 ? 0 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : *p < 0xF5 ? 4 : 0;

    if (len == 0 || len > n || !str_is_utf8(str_n((const char *)p, len)))
        return 0;
    return len;
}

static void escape_char(struct buf *out, unsigned char c)
{
    static const char short_form[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    static const char hex[] = "0123456789abcdef";

    if (c == '"' || c == '\\') {
        buf_add(out, (const char[]){'\\', (char)c}, 2);
    } else if (short_form[c]) {
        buf_add(out, (const char[]){'\\', short_form[c]}, 2);
    } else {
        buf_add(out, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
    }
}

static void quote(struct buf *out, struct str s)
{
    const unsigned char *p = (const unsigned char *)(s.p ? s.p : "");
    size_t start = 0, i = 0;

    buf_add_char(out, '"');
    while (i < s.len) {
        size_t sequence;

        i += plain_run(p + i, s.len - i);
        if (i == s.len)
            break;
        if (p[i] >= 0x80 && (sequence = utf8_sequence(p + i, s.len - i))) {
            i += sequence;
            continue;
        }
        buf_add(out, p + start, i - start);
        if (p[i] >= 0x80)
            BUF_LIT(out, "\xEF\xBF\xBD");
        else
            escape_char(out, p[i]);
        start = ++i;
    }
    buf_add(out, p + start, s.len - start);
    buf_add_char(out, '"');
}

void jw_key(struct json_writer *w, struct str key)
{
    separate(w);
    quote(w->out, key);
    buf_add_char(w->out, ':');
    w->after_key = true;
}

void jw_key_text(struct json_writer *w, struct str text)
{
    uint64_t bit = w->depth ? UINT64_C(1) << (w->depth - 1) : 0;
    size_t comma = w->has_item & bit ? 0 : 1;

    buf_add(w->out, text.p + comma, text.len - comma);
    w->has_item |= bit;
    w->after_key = true;
}

void jw_str(struct json_writer *w, struct str s)
{
    separate(w);
    if (s.p)
        quote(w->out, s);
    else
        BUF_LIT(w->out, "null");
}

void jw_int(struct json_writer *w, int64_t v)
{
    separate(w);
    buf_add_i64(w->out, v);
}

void jw_double(struct json_writer *w, double v)
{
    char text[32];
    int len;

    if (!isfinite(v)) {
        jw_null(w);
        return;
    }
    separate(w);
    for (int digits = 15; digits <= 17; digits++) {
        len = snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    buf_add(w->out, text, (size_t)len);
}

void jw_bool(struct json_writer *w, bool v)
{
    separate(w);
    buf_add_str(w->out, v ? STR("true") : STR("false"));
}

void jw_null(struct json_writer *w)
{
    separate(w);
    BUF_LIT(w->out, "null");
}

static void write_time(struct json_writer *w, int64_t us,
                       size_t (*format)(int64_t us, char out[TIME_TEXT_SIZE]))
{
    char text[TIME_TEXT_SIZE];
    size_t len;

    if (us == JSON_NO_TIME) {
        jw_null(w);
        return;
    }
    separate(w);
    len = format(us, text);
    buf_add_char(w->out, '"');
    buf_add(w->out, text, len);
    buf_add_char(w->out, '"');
}

void jw_time(struct json_writer *w, int64_t us)
{
    write_time(w, us, time_format_s);
}

void jw_time_ms(struct json_writer *w, int64_t us)
{
    write_time(w, us, time_format_ms);
}

void jw_raw(struct json_writer *w, struct str json)
{
    separate(w);
    buf_add_str(w->out, str_is_empty(json) ? STR("null") : json);
}

/* Compact text of a parsed value; numbers keep their spelling, and so their precision. Recursion is
 * bounded by the parser's limit and does not count against the writer's. */
static void write_value(struct buf *out, const struct json *v)
{
    switch (v->type) {
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER:
        buf_add_str(out, v->raw);
        return;
    case JSON_STRING:
        quote(out, v->s);
        return;
    case JSON_ARRAY:
        buf_add_char(out, '[');
        for (size_t i = 0; i < v->array.count; i++) {
            if (i)
                buf_add_char(out, ',');
            write_value(out, &v->array.items[i]);
        }
        buf_add_char(out, ']');
        return;
    case JSON_OBJECT:
        buf_add_char(out, '{');
        for (size_t i = 0; i < v->object.count; i++) {
            if (i)
                buf_add_char(out, ',');
            quote(out, v->object.entries[i].key);
            buf_add_char(out, ':');
            write_value(out, &v->object.entries[i].value);
        }
        buf_add_char(out, '}');
        return;
    }
}

void jw_value(struct json_writer *w, const struct json *v)
{
    if (!v) {
        jw_null(w);
        return;
    }
    separate(w);
    write_value(w->out, v);
}
