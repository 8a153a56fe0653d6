#pragma once
/* The state of a gateway process. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include "buf.h"
#include "cidr.h"
#include "list.h"
#include "loop.h"
#include "settings.h"
#include "strmap.h"

struct arena;
struct endpoint_table;
struct http_server;
struct registry_view;
struct route_table;
struct service;
struct snapshot;
struct tls_identity;

#define SPARE_ARENAS 64

enum access_log { ACCESS_LOG_OFF, ACCESS_LOG_ERRORS, ACCESS_LOG_ALL };

struct gateway {
    struct service *service;
    struct loop *loop;
    const struct gateway_settings *settings;
    struct snapshot *snapshot; /* the one new requests use; referenced */
    struct event *posted_event;
    uint64_t posted_generation; /* of the configuration posted last */
    struct endpoint_table *endpoints;
    struct registry_view *registry;
    struct door {
        struct gateway *gw;
        struct evconnlistener *listener; /* NULL while draining, or when it is not used */
        bool is_tls;
    } doors[2];
    struct tls_identity *tls; /* owned; NULL without TLS */
    struct timer accept_pause;
    int port, tls_port;             /* tls_port 0: none */
    struct http_server *own_server; /* /health and its kin, on a loopback port of its own */
    int own_port;
    struct http_server *admin_server;
    struct route_table *admin_routes;
    struct list clients; /* struct client */
    int client_count;
    struct arena *spare_arenas[SPARE_ARENAS]; /* owned; for the next exchanges */
    int spare_arena_count;
    struct buf scratch;       /* a message head while it is put together */
    struct evbuffer *payload; /* a piece of a body while its chunk frame is written */
    struct cidr_list trusted_proxies;
    struct str allowed_origins; /* separated by commas */
    enum access_log access_log;
    bool is_draining;
    struct str hsts; /* Strict-Transport-Security, absent when it is not sent */
    /* since start */
    int64_t accepted_total, request_total;
};
