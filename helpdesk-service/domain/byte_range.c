#include "domain/byte_range.h"

/* One or more digits; a number too large to be a position counts as the largest. */
static bool read_position(struct str s, int64_t *out)
{
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    if (!str_to_i64(s, out))
        *out = INT64_MAX;
    return true;
}

static enum byte_range_kind suffix(int64_t length, int64_t size, struct byte_range *out)
{
    if (length == 0 || size == 0)
        return BYTE_RANGE_OUTSIDE;
    if (length > size)
        length = size;
    *out = (struct byte_range){size - length, length};
    return BYTE_RANGE_PART;
}

enum byte_range_kind byte_range_read(struct str header, int64_t size, struct byte_range *out)
{
    ptrdiff_t equals = str_index(header, '=', 0), dash;
    int64_t first, last = INT64_MAX;
    struct str spec, end;

    if (equals < 0 || !str_ieq(str_trim(str_slice(header, 0, (size_t)equals)), STR("bytes")))
        return BYTE_RANGE_NONE;
    spec = str_trim(str_slice(header, (size_t)equals + 1, header.len));
    dash = str_index(spec, '-', 0);
    if (dash < 0)
        return BYTE_RANGE_NONE;
    end = str_slice(spec, (size_t)dash + 1, spec.len);
    if (dash == 0)
        return read_position(end, &last) ? suffix(last, size, out) : BYTE_RANGE_NONE;
    if (!read_position(str_slice(spec, 0, (size_t)dash), &first) ||
        (end.len > 0 && !read_position(end, &last)) || last < first)
        return BYTE_RANGE_NONE;
    if (first >= size)
        return BYTE_RANGE_OUTSIDE;
    if (last >= size)
        last = size - 1;
    *out = (struct byte_range){first, last - first + 1};
    return BYTE_RANGE_PART;
}
