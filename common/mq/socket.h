#pragma once
/* How a connection reaches its broker: plain, or with TLS when the URL says amqps. */
#include <amqp.h>

#include "url.h"

/*
 * Connects conn within the time given, TLS handshake included; the broker's certificate must be
 * signed by an authority of ca_file (PEM; NULL: those that the system trusts) and made out to the
 * host of the URL. False with the reason in why.
 */
bool mq_socket_open(amqp_connection_state_t conn, const struct mq_url *url, const char *ca_file,
                    int timeout_s, char *why, size_t size);
