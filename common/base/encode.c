#include "encode.h"

#include "arena.h"

static const char STD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t encode(const char *alphabet, const uint8_t *in, size_t n, char *out)
{
    char *o = out;
    for (; n >= 3; n -= 3, in += 3) {
        uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        *o++ = alphabet[v >> 18];
        *o++ = alphabet[v >> 12 & 63];
        *o++ = alphabet[v >> 6 & 63];
        *o++ = alphabet[v & 63];
    }
    if (n) {
        uint32_t v = (uint32_t)in[0] << 16 | (n == 2 ? (uint32_t)in[1] << 8 : 0);
        *o++ = alphabet[v >> 18];
        *o++ = alphabet[v >> 12 & 63];
        if (n == 2)
            *o++ = alphabet[v >> 6 & 63];
    }
    return (size_t)(o - out);
}

size_t base64url_encode(const void *in, size_t n, char *out)
{
    size_t len = encode(URL, in, n, out);
    out[len] = '\0';
    return len;
}

size_t base64_encode(const void *in, size_t n, char *out)
{
    size_t len = encode(STD, in, n, out);
    while (len % 4)
        out[len++] = '=';
    out[len] = '\0';
    return len;
}

/* Value + 1 of each alphabet character, 0 for every other byte. */
struct decode_table {
    uint8_t value[256];
};

static void fill_table(struct decode_table *t, const char *alphabet)
{
    for (int i = 0; i < 64; i++)
        t->value[(unsigned char)alphabet[i]] = (uint8_t)(i + 1);
}

static struct decode_table std_table, url_table;

__attribute__((constructor)) static void init_tables(void)
{
    fill_table(&std_table, STD);
    fill_table(&url_table, URL);
}

/* Unpadded input. The unused bits of the last character must be zero. */
static bool decode(const struct decode_table *t, const char *in, size_t len, uint8_t *out,
                   size_t *n)
{
    const unsigned char *p = (const unsigned char *)in;
    uint8_t *o = out;
    if (len % 4 == 1)
        return false;
    for (; len >= 4; len -= 4, p += 4) {
        uint32_t a = t->value[p[0]], b = t->value[p[1]], c = t->value[p[2]], d = t->value[p[3]];
        if (!a || !b || !c || !d)
            return false;
        uint32_t v = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
        *o++ = (uint8_t)(v >> 16);
        *o++ = (uint8_t)(v >> 8);
        *o++ = (uint8_t)v;
    }
    if (len) {
        uint32_t a = t->value[p[0]], b = t->value[p[1]], c = len == 3 ? t->value[p[2]] : 1;
        if (!a || !b || !c)
            return false;
        uint32_t v = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6;
        if (v & (len == 3 ? 0xFF : 0xFFFF))
            return false;
        *o++ = (uint8_t)(v >> 16);
        if (len == 3)
            *o++ = (uint8_t)(v >> 8);
    }
    *n = (size_t)(o - out);
    return true;
}

bool base64url_decode(struct str in, uint8_t *out, size_t *n)
{
    return decode(&url_table, in.p, in.len, out, n);
}

bool base64_decode(struct str in, uint8_t *out, size_t *n)
{
    if (in.len % 4)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < in.len && in.p[in.len - 1 - padding] == '=')
        padding++;
    return decode(&std_table, in.p, in.len - padding, out, n);
}

void hex_encode(const void *in, size_t n, char *out)
{
    static const char DIGITS[] = "0123456789abcdef";
    const uint8_t *p = in;
    for (size_t i = 0; i < n; i++) {
        *out++ = DIGITS[p[i] >> 4];
        *out++ = DIGITS[p[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(struct str in, uint8_t *out, size_t n)
{
    if (in.len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int hi = hex_digit(in.p[2 * i]), lo = hex_digit(in.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

bool percent_decode(struct arena *a, struct str in, bool form, struct str *out)
{
    char *p = arena_alloc(a, in.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.p[i];
        if (c == '%') {
            if (in.len - i < 3)
                return false;
            int hi = hex_digit(in.p[i + 1]), lo = hex_digit(in.p[i + 2]);
            if (hi < 0 || lo < 0)
                return false;
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (c == '+' && form) {
            c = ' ';
        }
        if (c == '\0')
            return false;
        p[n++] = c;
    }
    p[n] = '\0';
    *out = (struct str){p, n};
    return true;
}

void percent_encode(struct buf *b, struct str s)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= '0' && c <= '9') || (c && strchr("-._~", c));
        if (unreserved) {
            buf_add_char(b, (char)c);
        } else {
            buf_add_char(b, '%');
            buf_add_char(b, DIGITS[c >> 4]);
            buf_add_char(b, DIGITS[c & 15]);
        }
    }
}

void html_escape(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        switch (s.p[i]) {
        case '&':
            BUF_LIT(b, "&amp;");
            break;
        case '<':
            BUF_LIT(b, "&lt;");
            break;
        case '>':
            BUF_LIT(b, "&gt;");
            break;
        case '"':
            BUF_LIT(b, "&quot;");
            break;
        case '\'':
            BUF_LIT(b, "&#39;");
            break;
        default:
            buf_add_char(b, s.p[i]);
        }
    }
}
