#pragma once
/*
 * The TLS side of a client connection: a socket here, a pair of bufferevents to the exchange, which
 * sees plain bytes. A side that is slow leaves the other unread: the socket when the exchange has
 * not taken what was decrypted, the exchange's output when the socket is full.
 */
#include <event2/bufferevent.h>

struct gateway;
struct tls_conn;
struct tls_identity;

/*
 * Takes over fd. *plain is the exchange's end, freed by tls_conn_free. It hears of the client's end
 * by BEV_EVENT_EOF, of anything wrong by BEV_EVENT_ERROR, which also comes when the handshake has
 * not ended after handshake_ms. NULL when there is no memory; fd is closed then.
 */
struct tls_conn *tls_conn_new(struct gateway *gw, int fd, struct tls_identity *identity,
                              int64_t handshake_ms, struct bufferevent **plain);
/* Says goodbye, if the socket takes it, and closes. NULL is fine. */
void tls_conn_free(struct tls_conn *t);
