#pragma once
/*
 * Links that take mails off for whoever holds them: signed, without login, for one person and one
 * group of events, or all of them.
 */
#include "domain/matrix.h"
#include "service.h"

#define UNSUBSCRIBE_PATH "/notifications/unsubscribe/"

/* Absent while no address of the fleet is configured. GROUP_COUNT: all. */
struct str unsubscribe_url(struct service *s, struct arena *a, int64_t user_id,
                           enum event_group group);
/* ERR_NOT_FOUND for anything but the end of such a link. */
MUST_CHECK enum err unsubscribe_read(struct service *s, struct arena *a, struct str token,
                                     int64_t *user_id, enum event_group *group);
