#pragma once
/*
 * Keyset cursors: the position behind a row of a list, as opaque text that only its issuer can
 * make. A cursor is good for the list it was made for, in any replica, until its key is gone.
 */
#include "jwt.h"

struct cursor {
    struct str key; /* the value the list is sorted by, as text; empty when that is the id */
    int64_t id;
};

/* list names the list with its order and filters, e.g. "/api/v1/users?sort=-email": where a cursor
 * of another list would mean something else, it is refused. In the arena. */
struct str cursor_encode(const struct jwt_keys *k, struct arena *a, struct str list,
                         const struct cursor *c);
/* ERR_INVALID_INPUT for anything but what cursor_encode made of this list. */
MUST_CHECK enum err cursor_decode(const struct jwt_keys *k, struct arena *a, struct str list,
                                  struct str text, struct cursor *out);
