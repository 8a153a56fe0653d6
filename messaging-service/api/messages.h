#pragma once
/* Handlers of messages; see routes.c. */
#include "json.h"
#include "req.h"

enum err CO_FN messages_of_conversation(struct req *r);
enum err CO_FN messages_post_in(struct req *r);
/* Without naming a conversation in the path. */
enum err CO_FN messages_list(struct req *r);
enum err CO_FN messages_post(struct req *r);
enum err CO_FN messages_search(struct req *r);

/* messages_one.c: one message and what becomes of it. */
enum err CO_FN messages_get(struct req *r);
enum err CO_FN messages_versions(struct req *r);
enum err CO_FN messages_edit(struct req *r);
enum err CO_FN messages_delete(struct req *r);
enum err CO_FN messages_unsend(struct req *r);
enum err CO_FN messages_read(struct req *r);
enum err CO_FN messages_react(struct req *r);
enum err CO_FN messages_unreact(struct req *r);

/* ticket_messages.c: the same for clients of the ticket system. */
enum err CO_FN ticket_messages_list(struct req *r);
enum err CO_FN ticket_messages_post(struct req *r);
enum err CO_FN ticket_messages_by_ticket(struct req *r);
enum err CO_FN ticket_messages_get(struct req *r);
enum err CO_FN ticket_messages_edit(struct req *r);
enum err CO_FN ticket_messages_delete(struct req *r);
enum err CO_FN ticket_messages_unsend(struct req *r);
enum err CO_FN ticket_reactions_add(struct req *r);
enum err CO_FN ticket_reactions_remove(struct req *r);

/* comments.c: and as comments. */
enum err CO_FN comments_by_ticket(struct req *r);
enum err CO_FN comments_get(struct req *r);
enum err CO_FN comments_post(struct req *r);
enum err CO_FN comments_reply(struct req *r);
enum err CO_FN comments_edit(struct req *r);
enum err CO_FN comments_delete(struct req *r);
enum err CO_FN comments_rate(struct req *r);

/* comment_documents.c: their files. */
enum err CO_FN comments_attach(struct req *r);
enum err CO_FN comments_detach(struct req *r);
enum err CO_FN comments_download(struct req *r);

extern const struct json_schema MESSAGE_PAGE, MESSAGE_QUERY, NEW_MESSAGE, ADDRESSED_MESSAGE,
    SEARCH_QUERY, MESSAGE_EDIT, REACTION_BODY, TICKET_MESSAGE, TICKET_MESSAGE_QUERY,
    TICKET_REACTION, NEW_COMMENT, COMMENT_TEXT, COMMENT_RATING, COMMENT_REPLY;
