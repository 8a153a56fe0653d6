#pragma once
/* What sockets are sent. A socket sees changes in the words of the path it was opened on. */
#include "store/change_store.h"
#include "ws.h"

enum tongue {
    TONGUE_CHAT,     /* /ws/messages, /ws/chat */
    TONGUE_TICKET,   /* /ws/tickets/{ticket} */
    TONGUE_COMMENTS, /* /ws/comments/{ticket} */
    TONGUE_COUNT
};

/* The text of the frame; absent when that tongue has no word for it. */
struct str frame_text(struct arena *a, const struct change *c, enum tongue t);

/* Frames of one change, each encoded when the first socket needs it. */
struct frames {
    const struct change *change;
    struct arena *arena;
    struct ws_frame *made[TONGUE_COUNT]; /* NULL: not yet, or no word for it */
    bool is_known[TONGUE_COUNT];
};
struct ws_frame *frames_of(struct frames *f, enum tongue t);
void frames_release(struct frames *f);
