#pragma once
/*
 * What happens in conversations, in order: messages, what becomes of them, how far people have
 * read, who comes and goes. Ids are one sequence for all of it. All calls may suspend.
 */
#include "store/message_store.h"

/* X(kind, word): the word is what tables and events have. */
#define CHANGE_KINDS(X)                                                                            \
    X(MESSAGE, "message")                                                                          \
    X(EDITED, "edited")                                                                            \
    X(DELETED, "deleted")                                                                          \
    X(UNSENT, "unsent")                                                                            \
    X(ATTACHED, "attached")                                                                        \
    X(DETACHED, "detached")                                                                        \
    X(REACTION_ADDED, "reaction_added")                                                            \
    X(REACTION_REMOVED, "reaction_removed")                                                        \
    X(READ, "read")                                                                                \
    X(RENAMED, "renamed")                                                                          \
    X(MEMBERS_ADDED, "members_added")                                                              \
    X(MEMBERS_REMOVED, "members_removed")                                                          \
    X(OWNER, "owner")                                                                              \
    X(PEOPLE, "people")

enum change_kind {
#define X(kind, word) CHANGE_##kind,
    CHANGE_KINDS(X)
#undef X
        CHANGE_KIND_COUNT
};

struct change {
    int64_t id;
    enum change_kind kind;
    int64_t conversation_id;
    struct str ticket_number;
    struct message message; /* as it is now; id 0: the change is about none */
    int64_t actor_id;
    struct str actor_name;
    struct str detail;          /* a reaction, a file's id, or the title */
    struct json_array user_ids; /* int64_t: members added or removed; the ticket's former people */
    int64_t last_read_id;       /* CHANGE_READ: how far the actor has read */
    int64_t happened_at;
    struct json_array participant_ids; /* int64_t: who is told; change_store_missed only */
};

static inline bool change_is_of_message(const struct change *c)
{
    return c->kind <= CHANGE_REACTION_REMOVED;
}

const char *change_word(enum change_kind k);
/* CHANGE_KIND_COUNT for no kind. */
enum change_kind change_kind_of(struct str word);

struct change_list {
    const struct change *items; /* in order */
    size_t count;
};

/* The newest id of everything, 0 when there is nothing. */
MUST_CHECK enum err CO_FN change_store_newest(struct db_session *s, int64_t *id);
/* The same of one conversation. */
MUST_CHECK enum err CO_FN change_store_newest_in(struct db_session *s, int64_t conversation_id,
                                                 int64_t *id);
/* The first between the bounds, which are excluded. */
MUST_CHECK enum err CO_FN change_store_between(struct db_session *s, int64_t conversation_id,
                                               int64_t after, int64_t before, int64_t limit,
                                               struct change_list *out);
/* Of all conversations with ids above, with whom to tell. */
MUST_CHECK enum err CO_FN change_store_missed(struct db_session *s, int64_t after, int64_t limit,
                                              struct change_list *out);
/* Enters a change and fills its id; the conversation is locked. Messages and reading enter
 * themselves. */
MUST_CHECK enum err CO_FN change_store_add(struct db_session *s, struct change *c);
