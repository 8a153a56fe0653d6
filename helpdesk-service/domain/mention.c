#include "domain/mention.h"

static bool is_email_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr(".!#$%&'*+/=?^_`{|}~-", c));
}

/* Behind the '@': where the run of address characters ends. */
static size_t run(struct str text, size_t from)
{
    while (from < text.len && is_email_char(text.p[from]))
        from++;
    return from;
}

static size_t take_id(struct str text, size_t at, struct mentions *out)
{
    ptrdiff_t end = str_index(text, ']', at);
    int64_t id;

    if (end < 0 || !str_to_i64(str_slice(text, at, (size_t)end), &id) || id <= 0)
        return at;
    if (out->id_count < MENTION_MAX)
        out->ids[out->id_count++] = id;
    return (size_t)end + 1;
}

static size_t take_email(struct arena *a, struct str text, size_t at, struct mentions *out)
{
    size_t middle = run(text, at), end;

    if (middle == at || middle == text.len || text.p[middle] != '@')
        return at;
    end = run(text, middle + 1);
    while (end > middle + 1 && strchr(".!?'", text.p[end - 1]))
        end--; /* the sentence's, not the address's */
    if (end == middle + 1)
        return at;
    if (out->email_count < MENTION_MAX)
        out->emails[out->email_count++] = str_lower(a, str_slice(text, at, end));
    return end;
}

void mentions_find(struct arena *a, struct str text, struct mentions *out)
{
    size_t i = 0;

    out->id_count = out->email_count = 0;
    while (i < text.len) {
        bool is_begin = text.p[i] == '@' && (i == 0 || !is_email_char(text.p[i - 1]));

        i++;
        if (!is_begin || i == text.len)
            continue;
        i = text.p[i] == '[' ? take_id(text, i + 1, out) : take_email(a, text, i, out);
    }
}
