#pragma once
/*
 * One loaded configuration: the decoded file, its router, plugin chains and upstreams. Immutable
 * but for upstream targets. An exchange keeps the snapshot it was routed by; a reload replaces the
 * current one and the old goes when its last exchange ends.
 */
#include <stdio.h>

#include "config/kong.h"
#include "proxy/upstream.h"
#include "routing/router.h"

struct gateway;
struct service;

struct snapshot {
    int refs;
    struct arena *arena; /* owned */
    struct kong_file *file;
    struct router *router;
    const struct plugin_chain *unrouted; /* global plugins, for requests no route matches */
    void *unrouted_metrics;              /* of the prometheus plugin */
    struct upstream *upstreams; /* declared ones first, then one per service host, then our own */
    size_t upstream_count, declared_count;
    int64_t loaded_at; /* wall µs */
    char hash[33];     /* of the file's text */
};

/* Reads and compiles the file; problems are written to err, one line each, and NULL returned. */
struct snapshot *snapshot_load(struct gateway *gw, const char *path, FILE *err);
/* The same from text that came otherwise; name stands for the file in problems. */
struct snapshot *snapshot_parse(struct gateway *gw, const char *name, struct str text, FILE *err);
/* Only looks for problems; needs no running gateway. */
bool snapshot_check(struct service *s, const char *path, FILE *err);
struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s);
