#pragma once
/* Broker addresses: amqp[s]://user:password@host:port/vhost, every part but the scheme optional. */
#include "arena.h"
#include "err.h"
#include "str.h"

struct mq_url {
    const char *host, *user, *password, *vhost;
    int port; /* 5672, with TLS 5671, by default */
    bool is_tls;
};

/*
 * Parts are percent-decoded. No vhost, "/" and kombu's "//" all mean the vhost "/"; a query is
 * ignored. ERR_INVALID_INPUT for anything else, with a static reason that holds no secret in *why.
 */
MUST_CHECK enum err mq_url_parse(struct arena *a, struct str url, struct mq_url *out,
                                 const char **why);
