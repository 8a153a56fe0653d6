#include "domain/filename.h"

#include "buf.h"

#define NAME_MAX_BYTES 200
#define EXTENSION_MAX 20

struct str filename_clean(struct arena *a, struct str s)
{
    size_t from = 0;
    struct buf b;

    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == '/' || s.p[i] == '\\')
            from = i + 1;
    buf_init(&b, a);
    for (size_t i = from; i < s.len; i++)
        if ((unsigned char)s.p[i] >= ' ' && s.p[i] != 0x7F)
            buf_add_char(&b, s.p[i]);
    s = str_trim(buf_str(&b));
    if (s.len > NAME_MAX_BYTES) {
        s.len = NAME_MAX_BYTES;
        while (s.len > 0 && ((unsigned char)s.p[s.len] & 0xC0) == 0x80)
            s.len--;
    }
    if (s.len == 0 || str_eq(s, STR(".")) || str_eq(s, STR("..")))
        return STR("file");
    return s;
}

static bool is_taken(struct str name, const struct str *taken, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(name, taken[i]))
            return true;
    return false;
}

struct str filename_unique(struct arena *a, struct str name, const struct str *taken, size_t count)
{
    struct str result = name;
    size_t dot = name.len;

    for (size_t i = name.len; i-- > 1 && name.len - i <= EXTENSION_MAX;)
        if (name.p[i] == '.') {
            dot = i;
            break;
        }
    for (int n = 2; is_taken(result, taken, count); n++)
        result =
            str_printf(a, "%.*s-%d%.*s", (int)dot, name.p, n, (int)(name.len - dot), name.p + dot);
    return result;
}
