#include "routes.h"

#include "actor.h"
#include "api/attachment.h"
#include "api/conversations.h"
#include "api/groups.h"
#include "api/messages.h"
#include "api/socket.h"
#include "api/view.h"
#include "page.h"

static const enum err NO_CONVERSATION[] = {ERR_CONVERSATION_NOT_FOUND, ERR_OK};
static const enum err NO_GROUP[] = {ERR_CONVERSATION_NOT_FOUND, ERR_FORBIDDEN, ERR_CONFLICT,
                                    ERR_PRECONDITION_FAILED, ERR_OK};
static const enum err NO_MEMBER[] = {ERR_CONVERSATION_NOT_FOUND, ERR_USER_NOT_FOUND, ERR_FORBIDDEN,
                                     ERR_CONFLICT, ERR_OK};
static const enum err MAY_NOT_POST[] = {ERR_CONVERSATION_NOT_FOUND, ERR_FORBIDDEN, ERR_OK};
static const enum err NO_ADDRESSEE[] = {ERR_CONVERSATION_NOT_FOUND, ERR_USER_NOT_FOUND,
                                        ERR_FORBIDDEN, ERR_OK};
static const enum err NO_USER[] = {ERR_USER_NOT_FOUND, ERR_OK};
static const enum err NO_MESSAGE[] = {ERR_NOT_FOUND, ERR_OK};
static const enum err MAY_NOT_CHANGE[] = {ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_CONFLICT, ERR_OK};
static const enum err MAY_NOT_EDIT[] = {ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_CONFLICT,
                                        ERR_PRECONDITION_FAILED, ERR_OK};
static const enum err MAY_NOT_DELETE[] = {ERR_NOT_FOUND, ERR_FORBIDDEN, ERR_OK};

#define OWN .auth = AUTH_USER, .permission = PERM_MESSAGE
#define SOCKET(path)                                                                               \
    {                                                                                              \
        .method = "GET", .pattern = path, OWN, .handler = socket_open,                             \
        .summary = "Live messages (WebSocket)", .success = 101, .flags = ROUTE_UPGRADE             \
    }
#define TICKET_SOCKET(path, open, what)                                                            \
    {                                                                                              \
        .method = "GET", .pattern = path, OWN, .handler = open, .summary = what,                   \
        .errors = NO_CONVERSATION, .success = 101, .flags = ROUTE_UPGRADE                          \
    }
/* One of the ways to change the message {id}. */
#define EDIT(verb, path, fn, schema)                                                               \
    {                                                                                              \
        .method = verb, .pattern = path, OWN, .handler = fn,                                       \
        .summary = "Change what one has said", .body = &schema, .errors = MAY_NOT_EDIT             \
    }
#define DELETE(path, fn)                                                                           \
    {                                                                                              \
        .method = "DELETE", .pattern = path, OWN, .handler = fn, .summary = "Delete a message",    \
        .errors = MAY_NOT_DELETE                                                                   \
    }
#define UNSEND(path, fn)                                                                           \
    {                                                                                              \
        .method = "POST", .pattern = path, OWN, .handler = fn,                                     \
        .summary = "Take back what one has just said: it is erased for everybody",                 \
        .errors = MAY_NOT_CHANGE                                                                   \
    }

#define DETACH(verb)                                                                               \
    {                                                                                              \
        .method = verb, .pattern = "/comments/{id}/detach-document/{document}", OWN,               \
        .handler = comments_detach, .summary = "Take a file off one's own comment",                \
        .errors = MAY_NOT_CHANGE                                                                   \
    }

const struct route CONVERSATION_ROUTES[] = {
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
        .pattern = "/api/v1/conversations",
        OWN,
        .handler = groups_post,
        .summary = "Make a group",
        .body = &NEW_GROUP,
        .reply = &CONVERSATION_SCHEMA,
        .success = 201,
        .errors = NO_GROUP,
    },
    {
        .method = "GET",
        .pattern = "/api/v1/conversations/unread",
        OWN,
        .handler = conversations_unread,
        .summary = "How much one has not read",
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
        .pattern = "/api/v1/conversations/{id}",
        OWN,
        .handler = conversations_get,
        .summary = "One conversation",
        .reply = &CONVERSATION_SCHEMA,
        .errors = NO_CONVERSATION,
    },
    {
        .method = "PATCH",
        .pattern = "/api/v1/conversations/{id}",
        OWN,
        .handler = groups_patch,
        .summary = "Rename a group or hand it over",
        .body = &GROUP_PATCH,
        .reply = &CONVERSATION_SCHEMA,
        .errors = NO_GROUP,
    },
    {
        .method = "GET",
        .pattern = "/api/v1/conversations/{id}/participants",
        OWN,
        .handler = conversations_participants,
        .summary = "Who takes part, how far they have read, and who is online",
        .query = &PAGE_QUERY,
        .errors = NO_CONVERSATION,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/conversations/{id}/participants",
        OWN,
        .handler = groups_add,
        .summary = "Add members to a group",
        .body = &NEW_MEMBERS,
        .reply = &CONVERSATION_SCHEMA,
        .errors = NO_GROUP,
    },
    {
        .method = "DELETE",
        .pattern = "/api/v1/conversations/{id}/participants/{user_id}",
        OWN,
        .handler = groups_remove,
        .summary = "Remove a member of a group",
        .errors = NO_MEMBER,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/conversations/{id}/leave",
        OWN,
        .handler = groups_leave,
        .summary = "Leave a group",
        .errors = NO_GROUP,
    },
    {
        .method = "PUT",
        .pattern = "/api/v1/conversations/{id}/read",
        OWN,
        .handler = conversations_read,
        .summary = "Everything said so far, or up to a message, has been read",
        .body = &READ_UP_TO,
        .errors = NO_CONVERSATION,
        .flags = ROUTE_BODY_OPTIONAL,
    },
    {
        .method = "PUT",
        .pattern = "/api/v1/conversations/{id}/preferences",
        OWN,
        .handler = conversations_prefer,
        .summary = "Mute or put away a conversation",
        .body = &PREFERENCES,
        .reply = &CONVERSATION_SCHEMA,
        .errors = NO_CONVERSATION,
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
    {0},
};

const struct route MESSAGE_ROUTES[] = {
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
        .pattern = "/api/v1/messages/search",
        OWN,
        .handler = messages_search,
        .summary = "Search in one's conversations, newest first",
        .query = &SEARCH_QUERY,
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
    {
        .method = "GET",
        .pattern = "/api/v1/messages/{id}/versions",
        OWN,
        .handler = messages_versions,
        .summary = "What a message was before it was edited",
        .errors = NO_MESSAGE,
    },
    EDIT("PATCH", "/api/v1/messages/{id}", messages_edit, MESSAGE_EDIT),
    EDIT("PUT", "/api/v1/messages/{id}", messages_edit, MESSAGE_EDIT),
    DELETE("/api/v1/messages/{id}", messages_delete),
    UNSEND("/api/v1/messages/{id}/unsend", messages_unsend),
    {
        .method = "PUT",
        .pattern = "/api/v1/messages/{id}/read",
        OWN,
        .handler = messages_read,
        .summary = "Everything up to the message has been read",
        .errors = NO_MESSAGE,
    },
    {
        .method = "POST",
        .pattern = "/api/v1/messages/{id}/reactions",
        OWN,
        .handler = messages_react,
        .summary = "React to a message",
        .body = &REACTION_BODY,
        .reply = &MESSAGE_SCHEMA,
        .errors = MAY_NOT_CHANGE,
    },
    {
        .method = "DELETE",
        .pattern = "/api/v1/messages/{id}/reactions/{reaction}",
        OWN,
        .handler = messages_unreact,
        .summary = "Take a reaction back",
        .reply = &MESSAGE_SCHEMA,
        .errors = MAY_NOT_CHANGE,
    },
    {0},
};

/* In the words of the ticket system; at the gateway below /messaging. */
const struct route TICKET_ROUTES[] = {
    {
        .method = "GET",
        .pattern = "/messages",
        OWN,
        .handler = ticket_messages_list,
        .summary = "What was said about a ticket, newest first",
        .query = &TICKET_MESSAGE_QUERY,
        .errors = NO_CONVERSATION,
    },
    {
        .method = "POST",
        .pattern = "/messages",
        OWN,
        .handler = ticket_messages_post,
        .summary = "Say something about a ticket",
        .body = &TICKET_MESSAGE,
        .success = 201,
        .errors = MAY_NOT_POST,
    },
    {
        .method = "GET",
        .pattern = "/messages/by-ticket",
        OWN,
        .handler = ticket_messages_by_ticket,
        .summary = "The last 500 messages about a ticket",
        .query = &TICKET_MESSAGE_QUERY,
        .errors = NO_CONVERSATION,
    },
    {
        .method = "GET",
        .pattern = "/messages/{id}",
        OWN,
        .handler = ticket_messages_get,
        .summary = "One message",
        .errors = NO_MESSAGE,
    },
    EDIT("PATCH", "/messages/{id}", ticket_messages_edit, MESSAGE_EDIT),
    EDIT("PUT", "/messages/{id}", ticket_messages_edit, MESSAGE_EDIT),
    DELETE("/messages/{id}", ticket_messages_delete),
    UNSEND("/messages/{id}/unsend", ticket_messages_unsend),
    {
        .method = "POST",
        .pattern = "/reactions/add",
        OWN,
        .handler = ticket_reactions_add,
        .summary = "React to a message",
        .body = &TICKET_REACTION,
        .success = 201,
        .errors = MAY_NOT_CHANGE,
    },
    {
        .method = "POST",
        .pattern = "/reactions/remove",
        OWN,
        .handler = ticket_reactions_remove,
        .summary = "Take a reaction back",
        .body = &TICKET_REACTION,
        .errors = MAY_NOT_CHANGE,
    },
    {
        .method = "GET",
        .pattern = "/comments/by-ticket/{ticket}",
        OWN,
        .handler = comments_by_ticket,
        .summary = "The last 500 messages about a ticket as comments, replies below theirs",
        .errors = NO_CONVERSATION,
    },
    {
        .method = "POST",
        .pattern = "/comments",
        OWN,
        .handler = comments_post,
        .summary = "Comment on a ticket",
        .body = &NEW_COMMENT,
        .success = 201,
        .errors = MAY_NOT_POST,
    },
    {
        .method = "GET",
        .pattern = "/comments/{id}",
        OWN,
        .handler = comments_get,
        .summary = "One comment",
        .errors = NO_MESSAGE,
    },
    EDIT("PATCH", "/comments/{id}", comments_edit, COMMENT_TEXT),
    EDIT("PUT", "/comments/{id}", comments_edit, COMMENT_TEXT),
    DELETE("/comments/{id}", comments_delete),
    {
        .method = "POST",
        .pattern = "/comments/{id}/reply",
        OWN,
        .handler = comments_reply,
        .summary = "Reply to a comment",
        .body = &COMMENT_REPLY,
        .success = 201,
        .errors = MAY_NOT_CHANGE,
    },
    {
        .method = "POST",
        .pattern = "/comments/{id}/rate",
        OWN,
        .handler = comments_rate,
        .summary = "Rate a comment, or take the rating back",
        .body = &COMMENT_RATING,
        .errors = MAY_NOT_CHANGE,
    },
    {
        .method = "POST",
        .pattern = "/comments/{id}/attach_document",
        OWN,
        .handler = comments_attach,
        .summary = "Attach a file to one's own comment",
        .body = &ATTACHMENT_SCHEMA,
        .errors = MAY_NOT_CHANGE,
    },
    DETACH("POST"),
    DETACH("DELETE"),
    {
        .method = "GET",
        .pattern = "/comments/{id}/download-document/{document}",
        OWN,
        .handler = comments_download,
        .summary = "Where a comment's file is",
        .success = 302,
        .errors = NO_MESSAGE,
    },
    {0},
};

#define ABOUT_TICKET "Live messages about a ticket (WebSocket)"
#define ABOUT_COMMENTS "Live comments on a ticket (WebSocket)"
const struct route SOCKET_ROUTES[] = {
    SOCKET("/ws/messages"),
    SOCKET("/ws/chat"),
    SOCKET("/messaging/ws/messages"),
    SOCKET("/messaging/ws/chat"),
    TICKET_SOCKET("/ws/tickets/{ticket}", socket_open_ticket, ABOUT_TICKET),
    TICKET_SOCKET("/tickets/{ticket}", socket_open_ticket, ABOUT_TICKET),
    TICKET_SOCKET("/messaging/ws/tickets/{ticket}", socket_open_ticket, ABOUT_TICKET),
    TICKET_SOCKET("/ws/comments/{ticket}", socket_open_comments, ABOUT_COMMENTS),
    TICKET_SOCKET("/messaging/ws/comments/{ticket}", socket_open_comments, ABOUT_COMMENTS),
    {0},
};
