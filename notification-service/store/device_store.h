#pragma once
/* Devices that push messages go to. All calls may suspend. */
#include "db.h"

#define DEVICES_MAX 20 /* of a person; the oldest makes room */

struct device {
    int64_t id, user_id;
    struct str token, platform;
    int64_t created_at;
};

struct device_list {
    const struct device *items;
    size_t count;
};
/* A person's, newest first. */
MUST_CHECK enum err CO_FN device_store_list(struct db_session *s, int64_t user_id,
                                            struct device_list *out);
/* Registers it for the person; a token that another person had is that person's no more. In a
 * transaction. */
MUST_CHECK enum err CO_FN device_store_put(struct db_session *s, struct device *d, int64_t now);
/* ERR_NOT_FOUND when the person has no such device. */
MUST_CHECK enum err CO_FN device_store_delete(struct db_session *s, int64_t user_id, int64_t id);
/* Forgets one that the provider does not know any more. */
MUST_CHECK enum err CO_FN device_store_forget(struct db_session *s, int64_t id);
