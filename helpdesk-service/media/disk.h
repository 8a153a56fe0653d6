#pragma once
/*
 * Files in a folder: <first byte of the name>/<name> for contents, parts/<upload>/<index> for
 * parts, tmp/ for what is being written. A writer holds a lock on its file (flock) for as long as
 * it lives, so what can be locked in tmp/ is nobody's any more, whichever process made it. All work
 * is done on the offload pool.
 */
#include "media/store.h"

struct offload;

/* NULL with errno set when the folder cannot be made or written. */
struct media_store *disk_store_open(const char *dir, struct offload *o);
