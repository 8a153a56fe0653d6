#pragma once
/*
 * One open socket of messaging-service. It is sent whatever happens in its person's conversations;
 * a subscription adds a conversation the person may read without being one of its people, and
 * replays what a client that comes back has not seen. A socket of a ticket knows only that ticket's
 * conversation.
 */
#include "api/conversation.h"
#include "api/frame.h"
#include "list.h"
#include "state.h"

#define MAX_SUBSCRIPTIONS 200

struct client {
    struct ws_member person; /* in messaging_state.live.people */
    struct service *service;
    struct ws *ws;
    struct list threads; /* struct thread */
    struct speaker who;  /* strings point to text */
    int64_t only;        /* the one conversation this socket is about; 0: all of the person's */
    int subscriptions;
    enum tongue tongue;
    char text[]; /* name and role */
};

/* A conversation on a socket. Changes first..last of it have been sent, each once and in order. */
struct thread {
    struct list node;
    struct ws_member subscription; /* in messaging_state.conversations; no group: not subscribed */
    struct client *client;
    int64_t conversation_id;
    int64_t first, last; /* 0: nothing sent yet */
    int64_t held;        /* the newest that came in while a replay was going on */
    bool is_replaying;
    bool is_watching; /* is told who comes online and goes */
    bool is_lost;     /* access has ended: nothing is sent any more */
};

struct client *client_new(struct req *r, enum tongue tongue);
void client_free(struct client *c);
struct occasion client_occasion(const struct client *c);

/* The thread of a conversation, made when missing; NULL when the socket is not about it. */
struct thread *client_thread(struct client *c, int64_t conversation_id);
/* False when the socket has too many subscriptions. */
bool thread_subscribe(struct thread *t);
void thread_unsubscribe(struct thread *t);
void thread_watch(struct thread *t, bool is_watching);
/* Whether a change that was just announced is to be sent now, and then it must be: not when the
 * socket has it, or a replay will send it. */
bool thread_take(struct thread *t, int64_t change_id);
/* Sends what happened after an id and has not been sent on this socket, in order. */
MUST_CHECK enum err CO_FN thread_replay(struct thread *t, int64_t after);
/* Access has ended: the subscription too, and a socket that is about nothing else is closed. */
void thread_lose(struct thread *t);
