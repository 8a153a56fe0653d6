#pragma once
/* A mail's texts: a notification in its frame, or what a digest has collected. */
#include "service.h"
#include "store/delivery_store.h"

struct letter {
    struct str text, html;
    struct str unsubscribe_url; /* absent: there is nothing to unsubscribe from */
};

MUST_CHECK enum err CO_FN letter_write(struct service *s, struct db_session *db,
                                       const struct delivery *d, struct letter *out);
