#pragma once
/*
 * Which configuration new requests use: the route file, read at the start and on SIGHUP, or one
 * posted over the admin API since. One with an error never replaces a good one.
 */
#include <stdio.h>

#include "gateway.h"

struct event;

/* The first configuration; problems go to stderr. */
bool reload_first(struct gateway *gw);
/* From now on SIGHUP, and what another process of this gateway was given, take effect. */
void reload_watch(struct gateway *gw);
void reload_unwatch(struct gateway *gw);
/* Puts text into effect here and in the other processes, or writes its problems to err. */
enum err reload_post(struct gateway *gw, struct str text, FILE *err);
