#include "syntax.h"

#include <string.h>

#define VT (HTTP_CHAR_VALUE | HTTP_CHAR_TARGET)
#define TOK (VT | HTTP_CHAR_TOKEN)
#define HST (VT | HTTP_CHAR_HOST)
#define ALL (TOK | HTTP_CHAR_HOST)

const unsigned char HTTP_CHARS[256] = {
    ['\t'] = HTTP_CHAR_VALUE,
    [' '] = HTTP_CHAR_VALUE,
    ['!'] = ALL,
    ['"'] = VT,
    ['#'] = HTTP_CHAR_VALUE | HTTP_CHAR_TOKEN,
    ['$' ... '\''] = ALL,
    ['(' ... ')'] = HST,
    ['*' ... '+'] = ALL,
    [','] = VT,
    ['-' ... '.'] = ALL,
    ['/'] = VT,
    ['0' ... '9'] = ALL,
    [':' ... ';'] = HST,
    ['<'] = VT,
    ['='] = HST,
    ['>' ... '@'] = VT,
    ['A' ... 'Z'] = ALL,
    ['['] = HST,
    ['\\'] = VT,
    [']'] = HST,
    ['^'] = TOK,
    ['_'] = ALL,
    ['`'] = TOK,
    ['a' ... 'z'] = ALL,
    ['{'] = VT,
    ['|'] = TOK,
    ['}'] = VT,
    ['~'] = ALL,
    [0x80 ... 0xff] = HTTP_CHAR_VALUE,
};

/* Skips eight bytes at a time while all are printable ASCII: long values are mostly tokens. */
static const char *skip_printable(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    while (end - p >= 8) {
        uint64_t w;
        memcpy(&w, p, sizeof w);
        uint64_t below_space = (w - ones * 0x20) & ~w;
        uint64_t x = w ^ (ones * 0x7f);
        uint64_t is_delete = (x - ones) & ~x;
        if ((below_space | is_delete | w) & tops)
            break;
        p += 8;
    }
    return p;
}

const char *http_scan_field(const char **pp, const char *end, struct http_header *out)
{
    const char *name = *pp, *p = name;
    while (p < end && http_is((unsigned char)*p, HTTP_CHAR_TOKEN))
        p++;
    if (p == name)
        return p < end && (*p == ' ' || *p == '\t') ? "folded header line" : "empty header name";
    if (p == end || *p != ':')
        return "invalid header name";
    out->name = str_n(name, (size_t)(p - name));
    p++;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    const char *value = p;
    p = skip_printable(p, end);
    while (p < end && http_is((unsigned char)*p, HTTP_CHAR_VALUE))
        p++;
    const char *stop = p;
    if (end - p < 2 || p[0] != '\r' || p[1] != '\n')
        return "invalid byte in a header value";
    while (stop > value && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    out->value = str_n(value, (size_t)(stop - value));
    *pp = p + 2;
    return NULL;
}
