#include "routes.h"

#include "actor.h"
#include "api/notifications.h"
#include "api/socket.h"
#include "api/view.h"

static const enum err NOT_FOUND[] = {ERR_NOT_FOUND, ERR_OK};
static const struct route_text SIMPLE_TEXTS[] = {
    {ERR_UNAUTHENTICATED, "missing token"},
    {ERR_TOKEN_INVALID,   "invalid token"},
    {ERR_TOKEN_EXPIRED,   "invalid token"},
    {ERR_OK,              NULL           }
};

#define OWN AUTH_USER, PERM_NOTIFICATION_OWN
#define SOCKET(pattern)                                                                            \
    {                                                                                              \
        "GET", pattern, OWN, socket_open, "Live notifications (WebSocket)",                        \
            .success = 101, .flags = ROUTE_UPGRADE,                                                \
    }

const struct route NOTIFICATION_ROUTES[] = {
    {"GET",                                   "/api/v1/notifications", OWN, notifications_list,
     "One's own notifications, newest first", .query = &NOTIFICATION_QUERY},
    {"POST",                                    "/api/v1/notifications", AUTH_ANY, PERM_NOTIFICATION_SEND, notifications_create,
     "Notify a person", .body = &NEW_NOTIFICATION, .reply = &NOTIFICATION_SCHEMA, .success = 201},
    {"GET", "/api/v1/notifications/unread-count", OWN, notifications_unread_count,
     "How many are unread"},
    {"PUT",                                       "/api/v1/notifications/{id}/read", OWN, notifications_read, "Mark one as read",
     .reply = &NOTIFICATION_SCHEMA, .errors = NOT_FOUND},
    {"PUT","/api/v1/notifications/read-all", OWN, notifications_read_all, "Mark all as read"},
    {"GET",                 "/notifications/history/{userId}", OWN, simple_history,
     "The newest hundred notifications of a person", .texts = SIMPLE_TEXTS},
    SOCKET("/ws/notifications"),
    SOCKET("/ws/notifications/{user_id}"),
    SOCKET("/notification/ws/notifications"),
    SOCKET("/notification/ws/notifications/{user_id}"),
    {0                      },
};
