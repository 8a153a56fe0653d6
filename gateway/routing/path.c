#include "routing/path.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_unreserved(int c)
{
    int lower = c | 0x20;
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

/* Anything that may need rewriting: an escape, "//", "/." or an odd byte. */
static bool needs_work(struct str path)
{
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c == '%' || c <= ' ' || c >= 0x7f || c == '\\')
            return true;
        if (c == '/' && i + 1 < path.len && (path.p[i + 1] == '/' || path.p[i + 1] == '.'))
            return true;
    }
    return false;
}

/* Decodes what may be decoded; -1 on a malformed escape. A byte that may not stand for itself in a
 * path is written as an escape, so out needs three times the length. */
static ptrdiff_t decode(struct str path, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.p[i];
        bool is_escape = c == '%';
        if (is_escape) {
            if (path.len - i < 3)
                return -1;
            int high = hex_value(path.p[i + 1]), low = hex_value(path.p[i + 2]);
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return -1;
            c = (unsigned char)(high << 4 | low);
            i += 2;
        } else if (c <= ' ' || c == 0x7f) {
            return -1;
        }
        if ((is_escape && !is_unreserved(c)) || c >= 0x80 || c == '\\') {
            out[n++] = '%';
            out[n++] = digits[c >> 4];
            out[n++] = digits[c & 15];
        } else {
            out[n++] = (char)c;
        }
    }
    return (ptrdiff_t)n;
}

/* RFC 3986 §5.2.4 in place, merging slashes on the way. */
static size_t remove_dots(char *p, size_t len)
{
    size_t out = 0, i = 0;
    while (i < len) {
        while (i < len && p[i] == '/')
            i++;
        size_t start = i;
        while (i < len && p[i] != '/')
            i++;
        size_t n = i - start;
        bool is_last = i == len;
        if (n == 1 && p[start] == '.') {
            if (is_last)
                p[out++] = '/';
        } else if (n == 2 && p[start] == '.' && p[start + 1] == '.') {
            while (out > 0 && p[--out] != '/')
                ;
            if (is_last)
                p[out++] = '/';
        } else {
            p[out++] = '/';
            memmove(p + out, p + start, n);
            out += n;
        }
    }
    return out;
}

bool path_normalise(struct arena *a, struct str path, struct str *out)
{
    *out = path;
    if (!path.len || path.p[0] != '/')
        return false;
    if (!needs_work(path))
        return true;
    char *p = arena_alloc(a, 3 * path.len + 2);
    ptrdiff_t n = decode(path, p);
    if (n < 0)
        return false;
    *out = str_n(p, remove_dots(p, (size_t)n));
    return true;
}

bool path_is_plain(struct str path)
{
    return path.len && path.p[0] == '/' && !needs_work(path) && str_index(path, '?', 0) < 0 &&
           str_index(path, '#', 0) < 0;
}

struct str path_without_slash(struct str path)
{
    if (path.len && path.p[path.len - 1] == '/')
        path.len--;
    return path;
}
