#include "routes.h"

#include "actor.h"
#include "api/notifications.h"
#include "api/send.h"
#include "api/simple.h"
#include "api/socket.h"
#include "api/view.h"

static const enum err NO_NOTIFICATION[] = {ERR_NOT_FOUND, ERR_OK};
static const enum err NO_USER[] = {ERR_USER_NOT_FOUND, ERR_OK};
static const enum err NOT_ONES_OWN[] = {ERR_FORBIDDEN, ERR_INVALID_INPUT, ERR_OK};

#define SIMPLE_AUTH_TEXTS                                                                          \
    {ERR_UNAUTHENTICATED, "missing token"}, {ERR_TOKEN_INVALID, "invalid token"},                  \
        {ERR_TOKEN_EXPIRED, "invalid token"},                                                      \
    {                                                                                              \
        ERR_FORBIDDEN, "permission denied"                                                         \
    }
static const struct route_text SIMPLE_TEXTS[] = {SIMPLE_AUTH_TEXTS, {ERR_OK, NULL}};
static const struct route_text NOTIFY_TEXTS[] = {
    SIMPLE_AUTH_TEXTS,
    {ERR_INVALID_INPUT, "user_id, type, channel, and message are required"},
    {ERR_OK, NULL},
};

#define OWN .auth = AUTH_USER, .permission = PERM_NOTIFICATION_OWN
#define SEND .auth = AUTH_ANY, .permission = PERM_NOTIFICATION_SEND
#define SOCKET(path, handler_)                                                                     \
    {                                                                                              \
        .method = "GET", .pattern = path, OWN, .handler = handler_,                                \
        .summary = "Live notifications (WebSocket)", .success = 101, .flags = ROUTE_UPGRADE        \
    }

const struct route NOTIFICATION_ROUTES[] = {
    {
        .method = "GET",
        .pattern = "/api/v1/notifications",
        OWN,
        .handler = notifications_list,
        .summary = "What one is told in the app, newest first",
        .query = &NOTIFICATION_QUERY,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/notifications",
        SEND,
        .handler = send_notification,
        .summary = "Notify a person",
        .body = &NEW_NOTIFICATION,
        .reply = &NOTIFICATION_SCHEMA,
        .success = 201,
        .errors = NO_USER,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/notifications/email",
        SEND,
        .handler = send_email,
        .summary = "Send a mail",
        .body = &NEW_EMAIL,
        .reply = &NOTIFICATION_SCHEMA,
        .success = 202,
        .errors = NO_USER,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/notifications/sms",
        SEND,
        .handler = send_sms,
        .summary = "Send a short message",
        .body = &NEW_SMS,
        .reply = &NOTIFICATION_SCHEMA,
        .success = 202,
        .errors = NO_USER,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/notifications/push",
        SEND,
        .handler = send_push,
        .summary = "Send a push message",
        .body = &NEW_PUSH,
        .reply = &NOTIFICATION_SCHEMA,
        .success = 202,
        .errors = NO_USER,
    },
    {
        .method = "GET",
        .pattern = "/api/v1/notifications/unread-count",
        OWN,
        .handler = notifications_unread_count,
        .summary = "How many are unread",
    },
    {
        .method = "PUT",
        .pattern = "/api/v1/notifications/read-all",
        OWN,
        .handler = notifications_read_all,
        .summary = "Mark all as read",
    },
    {
        .method = "PUT",
        .pattern = "/api/v1/notifications/{id}/read",
        OWN,
        .handler = notifications_read,
        .summary = "Mark one as read",
        .reply = &NOTIFICATION_SCHEMA,
        .errors = NO_NOTIFICATION,
    },
    {
        .method = "DELETE",
        .pattern = "/api/v1/notifications/{id}",
        OWN,
        .handler = notifications_delete,
        .summary = "Remove one",
        .errors = NO_NOTIFICATION,
    },
    {
        .method = "POST",
        .pattern = "/notifications/notify",
        .auth = AUTH_ANY,
        .handler = simple_notify,
        .summary = "Notify oneself or, as staff, anybody",
        .body = &SIMPLE_NOTIFY,
        .reply = &SIMPLE_QUEUED,
        .success = 201,
        .errors = NOT_ONES_OWN,
        .texts = NOTIFY_TEXTS,
    },
    {
        .method = "GET",
        .pattern = "/notifications/history/{userId}",
        OWN,
        .handler = simple_history,
        .summary = "The newest hundred notifications of a person, with their delivery",
        .errors = NOT_ONES_OWN,
        .texts = SIMPLE_TEXTS,
    },
    {
        .method = "GET",
        .pattern = "/notifications/queue",
        .auth = AUTH_USER,
        .permission = PERM_NOTIFICATION_SEND,
        .handler = simple_queue,
        .summary = "Notifications by state of delivery, for staff",
        .texts = SIMPLE_TEXTS,
    },
    SOCKET("/ws/notifications", socket_open),
    SOCKET("/ws/notifications/{user_id}", socket_open_of),
    SOCKET("/notification/ws/notifications", socket_open),
    SOCKET("/notification/ws/notifications/{user_id}", socket_open_of),
    {0},
};
