#pragma once
/*
 * One open socket of messaging-service. It is sent whatever is said in its person's conversations;
 * a subscription adds a conversation the person may read without being one of its people, and
 * replays what a client that comes back has not seen.
 */
#include "api/conversation.h"
#include "list.h"
#include "state.h"

#define MAX_SUBSCRIPTIONS 200

struct client {
    struct ws_member person; /* in messaging_state.live.people */
    struct service *service;
    struct ws *ws;
    struct list threads; /* struct thread */
    int subscriptions;
    struct speaker who; /* name points to text */
    struct log_context log;
    char text[]; /* name and trace id */
};

/* A conversation on a socket. Messages first..last of it have been sent, each once and in order. */
struct thread {
    struct list node;
    struct ws_member subscription; /* in messaging_state.conversations; no group: not subscribed */
    struct client *client;
    int64_t conversation_id;
    int64_t first, last; /* 0: nothing sent yet */
    int64_t held;        /* the newest that came in while a replay was going on */
    bool is_replaying;
};

struct client *client_new(struct req *r);
void client_free(struct client *c);

/* The thread of a conversation, made when missing. */
struct thread *client_thread(struct client *c, int64_t conversation_id);
/* False when the socket has too many subscriptions. */
bool thread_subscribe(struct thread *t);
/* Sends a message that was just announced, unless the socket has it or a replay will send it. */
void thread_push(struct thread *t, int64_t id, struct ws_frame *f);
/* Sends what was said after an id and has not been sent on this socket, oldest first. */
MUST_CHECK enum err CO_FN thread_replay(struct thread *t, const struct conversation *c,
                                        int64_t after);
