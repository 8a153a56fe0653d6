#pragma once
/*
 * Host names to addresses. getaddrinfo() (RFC 3493) blocks, for many seconds while a name server is
 * away: it is called on worker threads, which are started with the first name.
 */
#include <stdbool.h>
#include <sys/socket.h>

struct loop;
struct resolver;

enum { RESOLVER_MAX_ADDRESSES = 8 };

struct sock_address {
    struct sockaddr_storage sa; /* its port is 0 until sock_address_set_port */
    socklen_t len;
};

struct lookup {
    const char *host;
    struct sock_address found[RESOLVER_MAX_ADDRESSES]; /* in the order of RFC 6724 */
    int count;                                         /* 0: none; status says why */
    int status;                                        /* of getaddrinfo: 0 or EAI_... */
};

typedef void (*resolver_fn)(void *arg, const struct lookup *l);

struct resolver *resolver_new(struct loop *l);
/* Waits for the look-ups that threads are at; their askers are not told. */
void resolver_free(struct resolver *r);

/*
 * Asks for the addresses of a name (copied). fn(arg) is told in a later turn of the loop, once,
 * unless lookup_forget comes before; the look-up is gone when fn returns.
 */
struct lookup *resolver_ask(struct resolver *r, const char *host, resolver_fn fn, void *arg);
/* The asker wants it no more. NULL is ignored. */
void lookup_forget(struct lookup *l);

/* A numeric address, for which nobody is to be asked. "localhost" is 127.0.0.1: it must not depend
 * on a name server. */
bool sock_address_parse(const char *host, struct sock_address *out);
void sock_address_set_port(struct sock_address *a, int port);
