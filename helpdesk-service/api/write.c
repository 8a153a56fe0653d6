#include "api/write.h"

enum err refuse(struct req *r, enum err e, const char *text)
{
    (void)req_failf(r, e, "%s", text);
    return e;
}

enum err write_check_match(struct req *r, int64_t version)
{
    struct str rest = req_header(r, "If-Match"), tag, present;

    if (str_is_empty(rest))
        return ERR_OK;
    present = etag_format(r->arena, version);
    while (str_next(&rest, ',', &tag)) {
        tag = str_trim(tag);
        if (str_eq(tag, present) || str_eq(tag, STR("*")))
            return ERR_OK;
    }
    req_detail(r, "current_version", str_printf(r->arena, "%lld", (long long)version));
    return ERR_PRECONDITION_FAILED;
}
