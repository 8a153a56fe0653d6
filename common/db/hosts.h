#pragma once
/*
 * Where the server is: the hosts of a connection URL, with their names looked up beforehand,
 * because libpq would look them up itself, and block. Private to common/db.
 */
#include <stdbool.h>

#include "arena.h"
#include "resolver.h"

struct hosts;
struct hosts_ask;

/* Looked-up hosts, for PQconnectStartParams: one entry for each address. All NULL: leave it to the
 * URL. */
struct hosts_found {
    const char *host, *hostaddr, *port;
};

/* found is NULL when no name has an address; why says so. */
typedef void (*hosts_fn)(void *arg, const struct hosts_found *found, const char *why);

struct hosts *hosts_new(struct loop *l, const char *url);
void hosts_free(struct hosts *h);
/* False: there are no names in it. */
bool hosts_have_names(const struct hosts *h);
/* fn(arg) in a later turn, once, with texts in the arena, unless hosts_forget comes before. */
struct hosts_ask *hosts_ask(struct hosts *h, struct arena *a, hosts_fn fn, void *arg);
/* NULL is ignored. */
void hosts_forget(struct hosts_ask *ask);
