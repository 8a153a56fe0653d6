#pragma once
/* What the source files of the disk backend share. */
#include <stdbool.h>
#include <stddef.h>

#include "digest.h"
#include "media/disk.h"

#define DISK_PATH_SIZE 4096
#define DISK_HEX_SIZE (SHA256_SIZE * 2 + 1)
#define DISK_BLOCK 65536

struct disk_store {
    struct media_store base;
    struct offload *offload;
    char *dir; /* owned */
};

struct media_writer {
    struct disk_store *store;
    struct arena *arena;
    int fd;
    char path[DISK_PATH_SIZE]; /* "" once it is in place */
    char hex[DISK_HEX_SIZE];   /* once finished */
    struct sha256_stream *digest;
    int64_t size;
    char *block; /* gathers small pieces; DISK_BLOCK bytes */
    size_t filled;
};

/* One job of a worker thread: what it needs and what came out. */
struct disk_job {
    struct disk_store *store;
    struct media_writer *w;
    const char *path; /* NUL-terminated */
    struct str piece;
    int64_t count, unchanged_s;
    enum err rc;
};

/* Runs the job; the pool's error or the job's. */
MUST_CHECK enum err CO_FN disk_run(struct disk_store *d, void (*fn)(void *job),
                                   struct disk_job *job);
/* errno as an error of the interface; logged. */
enum err disk_error(const char *operation);
bool disk_make_dir(const char *path);
bool disk_sync_dir(const char *path);

/* ---- on a worker thread ------------------------------------------------------------------- */

/* Writes and hashes what follows. */
enum err disk_append(struct media_writer *w, struct str piece);
/* The writer's block, too, then fsync and digest. */
enum err disk_seal(struct media_writer *w);
/* Moves the finished file to path, in the folder dir. */
enum err disk_move(struct media_writer *w, const char *path, const char *dir);

/* ---- disk_parts.c: the entries of the backend --------------------------------------------- */

enum err CO_FN disk_make_parts(struct media_store *m, struct str upload);
enum err CO_FN disk_place_part(struct media_writer *w, struct str upload, int64_t index);
enum err CO_FN disk_append_part(struct media_writer *w, struct str upload, int64_t index);
enum err CO_FN disk_remove_parts(struct media_store *m, struct str upload);
enum err CO_FN disk_list_parts(struct media_store *m, struct arena *a, int64_t unchanged_s,
                               const struct str **uploads, size_t *count);
