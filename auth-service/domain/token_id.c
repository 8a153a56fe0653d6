#include "domain/token_id.h"

#include <inttypes.h>

#define UUID_LEN 36

struct str token_id_format(struct arena *a, const struct token_id *id)
{
    return str_printf(a, "%.*s.%" PRId64 "%c", STR_ARG(id->session), id->generation, id->kind);
}

bool token_is_uuid(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool is_hex = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
        if (is_dash ? s.p[i] != '-' : !is_hex)
            return false;
    }
    return s.len == UUID_LEN;
}

bool token_id_parse(struct str text, struct token_id *out)
{
    char kind;

    if (text.len < UUID_LEN + 3 || text.p[UUID_LEN] != '.')
        return false;
    kind = text.p[text.len - 1];
    if (kind != 'a' && kind != 'r')
        return false;
    out->kind = kind;
    out->session = str_slice(text, 0, UUID_LEN);
    return token_is_uuid(out->session) &&
           str_to_i64(str_slice(text, UUID_LEN + 1, text.len - 1), &out->generation) &&
           out->generation > 0;
}
