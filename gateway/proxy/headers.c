#include "proxy/headers.h"

struct str headers_get(const struct header_list *l, struct str name)
{
    for (int i = 0; i < l->count; i++)
        if (l->items[i].name.len == name.len && str_ieq(l->items[i].name, name))
            return l->items[i].value;
    return STR_NULL;
}

void headers_add(struct arena *a, struct header_list *l, struct str name, struct str value)
{
    if (l->count == l->cap) {
        int cap = l->cap + 16;
        struct http_header *grown = arena_alloc(a, (size_t)cap * sizeof *grown);
        if (l->count)
            memcpy(grown, l->items, (size_t)l->count * sizeof *grown);
        l->items = grown;
        l->cap = cap;
    }
    l->items[l->count++] = (struct http_header){name, value};
}

int headers_remove(struct header_list *l, struct str name)
{
    int kept = 0;
    for (int i = 0; i < l->count; i++)
        if (l->items[i].name.len != name.len || !str_ieq(l->items[i].name, name))
            l->items[kept++] = l->items[i];
    int removed = l->count - kept;
    l->count = kept;
    return removed;
}

void headers_set(struct arena *a, struct header_list *l, struct str name, struct str value)
{
    headers_remove(l, name);
    headers_add(a, l, name, value);
}

struct known {
    struct str name; /* lower case */
    enum header_kind kind;
};

#define K(literal, k)                                                                              \
    {                                                                                              \
        {literal, sizeof(literal) - 1}, k                                                          \
    }
/* clang-format off */
static const struct known known_headers[] = {
    K("te", HEADER_HOP),
    K("host", HEADER_HOST),
    K("trailer", HEADER_HOP),
    K("upgrade", HEADER_HOP),
    K("forwarded", HEADER_FORWARDED),
    K("x-real-ip", HEADER_FORWARDED),
    K("connection", HEADER_CONNECTION),
    K("keep-alive", HEADER_HOP),
    K("x-trace-id", HEADER_TRACE_ID),
    K("tracestate", HEADER_TRACEPARENT),
    K("traceparent", HEADER_TRACEPARENT),
    K("x-request-id", HEADER_REQUEST_ID),
    K("x-consumer-id", HEADER_IDENTITY),
    K("content-length", HEADER_LENGTH),
    K("http2-settings", HEADER_HOP),
    K("x-forwarded-for", HEADER_FORWARDED),
    K("proxy-connection", HEADER_HOP),
    K("x-forwarded-host", HEADER_FORWARDED),
    K("x-forwarded-path", HEADER_FORWARDED),
    K("x-forwarded-port", HEADER_FORWARDED),
    K("transfer-encoding", HEADER_HOP),
    K("x-forwarded-proto", HEADER_FORWARDED),
    K("proxy-authenticate", HEADER_HOP),
    K("x-forwarded-prefix", HEADER_FORWARDED),
    K("x-forwarded-scheme", HEADER_FORWARDED),
    K("proxy-authorization", HEADER_HOP),
    K("x-consumer-username", HEADER_IDENTITY),
    K("x-anonymous-consumer", HEADER_IDENTITY),
    K("x-consumer-custom-id", HEADER_IDENTITY),
    K("x-credential-identifier", HEADER_IDENTITY),
};
/* clang-format on */
#define KNOWN_COUNT (sizeof known_headers / sizeof known_headers[0])
#define LONGEST 23

/* Index of the first known header of each length; the table above is sorted by length. */
static unsigned char first_of_length[LONGEST + 2];

static __attribute__((constructor)) void index_lengths(void)
{
    for (size_t len = 0, i = 0; len < sizeof first_of_length; len++) {
        while (i < KNOWN_COUNT && known_headers[i].name.len < len)
            i++;
        first_of_length[len] = (unsigned char)i;
    }
}

enum header_kind header_kind(struct str name)
{
    if (name.len > LONGEST)
        return HEADER_OTHER;
    for (size_t i = first_of_length[name.len]; i < first_of_length[name.len + 1]; i++)
        if (str_ieq(name, known_headers[i].name))
            return known_headers[i].kind;
    return HEADER_OTHER;
}

bool headers_connection_names(const struct header_list *l, struct str name)
{
    for (int i = 0; i < l->count; i++) {
        if (!str_ieq(l->items[i].name, STR("connection")))
            continue;
        struct str rest = l->items[i].value, token;
        while (str_next(&rest, ',', &token))
            if (str_ieq(str_trim(token), name))
                return true;
    }
    return false;
}

struct str headers_cookie(const struct header_list *l, struct str name)
{
    for (int i = 0; i < l->count; i++) {
        if (!str_ieq(l->items[i].name, STR("cookie")))
            continue;
        struct str rest = l->items[i].value, pair;
        while (str_next(&rest, ';', &pair)) {
            pair = str_trim(pair);
            ptrdiff_t eq = str_index(pair, '=', 0);
            if (eq < 0 || !str_eq(str_slice(pair, 0, (size_t)eq), name))
                continue;
            struct str value = str_slice(pair, (size_t)eq + 1, pair.len);
            if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"')
                value = str_slice(value, 1, value.len - 1);
            return value;
        }
    }
    return STR_NULL;
}
