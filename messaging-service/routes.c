#include "routes.h"

#include "actor.h"
#include "api/conversations.h"
#include "api/socket.h"

static const enum err NOT_FOUND[] = {ERR_CONVERSATION_NOT_FOUND, ERR_OK};
static const enum err NO_USER[] = {ERR_USER_NOT_FOUND, ERR_OK};

#define OWN AUTH_USER, PERM_MESSAGE
#define SOCKET(pattern)                                                                            \
    {                                                                                              \
        "GET", pattern, OWN, socket_open, "Live messages (WebSocket)", .success = 101,             \
                                                                       .flags = ROUTE_UPGRADE,     \
    }

const struct route MESSAGING_ROUTES[] = {
    {"GET",                                "/api/v1/conversations", OWN, conversations_list, "One's conversations, latest first",
     .query = &CONVERSATION_QUERY},
    {"POST",                                 "/api/v1/conversations/direct", OWN, conversations_direct,
     "Find or open the direct conversation with a person", .body = &NEW_DIRECT, .errors = NO_USER},
    {"GET", "/api/v1/conversations/{id}/messages", OWN, messages_list, "Messages of a conversation",
     .query = &MESSAGE_QUERY, .errors = NOT_FOUND},
    {"POST",                                    "/api/v1/conversations/{id}/messages", OWN, messages_post, "Say something",
     .body = &NEW_MESSAGE, .reply = &MESSAGE_SCHEMA, .success = 201, .errors = NOT_FOUND},
    {"PUT","/api/v1/conversations/{id}/read", OWN, conversations_read,
     "Everything said so far has been read", .errors = NOT_FOUND},
    SOCKET("/ws/messages"),
    SOCKET("/ws/chat"),
    SOCKET("/messaging/ws/messages"),
    SOCKET("/messaging/ws/chat"),
    {0               },
};
