#include "routes.h"

#include "actor.h"
#include "api/conversations.h"
#include "api/messages.h"
#include "api/socket.h"
#include "api/view.h"

static const enum err NO_CONVERSATION[] = {ERR_CONVERSATION_NOT_FOUND, ERR_OK};
static const enum err MAY_NOT_POST[] = {ERR_CONVERSATION_NOT_FOUND, ERR_FORBIDDEN, ERR_OK};
static const enum err NO_ADDRESSEE[] = {ERR_CONVERSATION_NOT_FOUND, ERR_USER_NOT_FOUND,
                                        ERR_FORBIDDEN, ERR_OK};
static const enum err NO_USER[] = {ERR_USER_NOT_FOUND, ERR_OK};
static const enum err NO_MESSAGE[] = {ERR_NOT_FOUND, ERR_OK};

#define OWN .auth = AUTH_USER, .permission = PERM_MESSAGE
#define SOCKET(path)                                                                               \
    {                                                                                              \
        .method = "GET", .pattern = path, OWN, .handler = socket_open,                             \
        .summary = "Live messages (WebSocket)", .success = 101, .flags = ROUTE_UPGRADE             \
    }

const struct route MESSAGING_ROUTES[] = {
    {
        .method = "GET",
        .pattern = "/api/v1/conversations",
        OWN,
        .handler = conversations_list,
        .summary = "One's conversations, latest first",
        .query = &CONVERSATION_QUERY,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/conversations/direct",
        OWN,
        .handler = conversations_direct,
        .summary = "Find or open the direct conversation with a person",
        .body = &NEW_DIRECT,
        .reply = &CONVERSATION_SCHEMA,
        .errors = NO_USER,
    },
    {
        .method = "GET",
        .pattern = "/api/v1/conversations/{id}/messages",
        OWN,
        .handler = messages_of_conversation,
        .summary = "What was said in a conversation",
        .query = &MESSAGE_PAGE,
        .errors = NO_CONVERSATION,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/conversations/{id}/messages",
        OWN,
        .handler = messages_post_in,
        .summary = "Say something in a conversation",
        .body = &NEW_MESSAGE,
        .reply = &MESSAGE_SCHEMA,
        .success = 201,
        .errors = MAY_NOT_POST,
    },
    {
        .method = "PUT",
        .pattern = "/api/v1/conversations/{id}/read",
        OWN,
        .handler = conversations_read,
        .summary = "Everything said so far has been read",
        .errors = NO_CONVERSATION,
    },
    {
        .method = "GET",
        .pattern = "/api/v1/messages",
        OWN,
        .handler = messages_list,
        .summary = "What was said in a conversation; without naming one, one's conversations",
        .query = &MESSAGE_QUERY,
        .errors = NO_CONVERSATION,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/messages",
        OWN,
        .handler = messages_post,
        .summary = "Say something in a conversation, on a ticket or to a person",
        .body = &ADDRESSED_MESSAGE,
        .reply = &MESSAGE_SCHEMA,
        .success = 201,
        .errors = NO_ADDRESSEE,
    },
    {
        .method = "GET",
        .pattern = "/api/v1/messages/{id}",
        OWN,
        .handler = messages_get,
        .summary = "One message",
        .reply = &MESSAGE_SCHEMA,
        .errors = NO_MESSAGE,
    },
    SOCKET("/ws/messages"),
    SOCKET("/ws/chat"),
    SOCKET("/messaging/ws/messages"),
    SOCKET("/messaging/ws/chat"),
    {0},
};
