#pragma once
/*
 * Removes what nobody needs any more: contents without a file, uploads that were never completed,
 * and what interrupted requests and killed processes left behind. Any number of processes may do it
 * at the same time.
 */
#include "db.h"
#include "media/store.h"

/* now is the wall clock. Whatever fails is done the next time. */
void CO_FN collect_all(struct media_store *m, struct db *db, int64_t now);
