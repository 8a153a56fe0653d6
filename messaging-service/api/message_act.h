#pragma once
/* What becomes of a message after it was sent, for REST and WebSocket alike. */
#include "api/conversation.h"

/* Most different reactions of a message; of each everybody has one. */
#define REACTIONS_MAX 20

struct act {
    struct occasion occasion;
    enum change_kind kind; /* EDITED to REACTION_REMOVED */
    int64_t message_id;
    struct str text;               /* the new content, or the reaction */
    const struct attachment *file; /* ATTACHED; DETACHED: its media_id */
    int64_t expects_version;       /* 0: any */
    int64_t unsend_window_us;
};

/* What is wrong with the text, NULL when nothing. */
const char *act_problem(const struct act *a);

struct act_result {
    struct message message; /* as it is now */
    struct str ticket_number;
    struct str actor_name;
    bool has_changed; /* false when it was so already */
    const char *problem;
};
/*
 * One transaction: the change, its place in the order, its event. ERR_NOT_FOUND for a message of
 * somebody else's conversation, ERR_FORBIDDEN, ERR_VALIDATION_ERROR with the problem, ERR_CONFLICT
 * with the problem (the message is gone or would be empty, the time to unsend is over, too many
 * reactions or files), ERR_PRECONDITION_FAILED for another version. Deleting and unsending what is
 * gone changes nothing.
 */
MUST_CHECK enum err CO_FN message_act(struct db_session *db, const struct act *a,
                                      struct act_result *out);
