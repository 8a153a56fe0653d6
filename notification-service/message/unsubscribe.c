#include "message/unsubscribe.h"

#include "config.h"
#include "cursor.h"

#define ALL "*"

struct str unsubscribe_url(struct service *s, struct arena *a, int64_t user_id,
                           enum event_group group)
{
    struct str base = notification_config(s)->public_url;
    if (!base.len)
        return STR_NULL;
    const struct cursor c = {.id = user_id,
                             .key = group == GROUP_COUNT ? STR(ALL) : group_word(group)};
    struct str token = cursor_encode(s->jwt, a, STR(UNSUBSCRIBE_PATH), &c);
    if (str_has_suffix(base, STR("/")))
        base.len--;
    return str_printf(a, "%.*s" UNSUBSCRIBE_PATH "%.*s", STR_ARG(base), STR_ARG(token));
}

enum err unsubscribe_read(struct service *s, struct arena *a, struct str token, int64_t *user_id,
                          enum event_group *group)
{
    struct cursor c;
    if (cursor_decode(s->jwt, a, STR(UNSUBSCRIBE_PATH), token, &c))
        return ERR_NOT_FOUND;
    *user_id = c.id;
    *group = str_eq(c.key, STR(ALL)) ? GROUP_COUNT : group_parse(c.key);
    return *group == GROUP_COUNT && !str_eq(c.key, STR(ALL)) ? ERR_NOT_FOUND : ERR_OK;
}
