#include "media/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode.h"
#include "log.h"
#include "media/disk_internal.h"
#include "mem.h"
#include "offload.h"
#include "rand.h"

#define TMP_NAME_BYTES 16
/* Behind the folder of the store there is room for the longest path below it. */
#define TAIL_MAX 256

struct media_reader {
    struct disk_store *store;
    int fd;
    char block[DISK_BLOCK];
};

static struct disk_store *disk_of(struct media_store *m)
{
    return (struct disk_store *)(void *)m;
}

/* ---- helpers ------------------------------------------------------------------------------ */

enum err disk_error(const char *operation)
{
    int problem = errno;

    log_error("upload folder", LOG_CSTR("operation", operation),
              LOG_CSTR("reason", strerror(problem)));
    switch (problem) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_INSUFFICIENT_STORAGE;
    case EROFS:
    case EACCES:
    case EPERM:
    case ENOENT:
    case ENOTDIR:
    case EMFILE:
    case ENFILE:
    case ESTALE:
        return ERR_SERVICE_UNAVAILABLE;
    default:
        return ERR_INTERNAL_ERROR;
    }
}

bool disk_make_dir(const char *path)
{
    return mkdir(path, 0750) == 0 || errno == EEXIST;
}

bool disk_sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return is_synced;
}

enum err disk_run(struct disk_store *d, void (*fn)(void *job), struct disk_job *job)
{
    enum err rc;

    job->store = d;
    rc = offload_run(d->offload, fn, job);
    return rc ? rc : job->rc;
}

/* ---- the store ---------------------------------------------------------------------------- */

static void disk_close(struct media_store *m)
{
    struct disk_store *d = disk_of(m);

    free(d->dir);
    free(d);
}

/* A file of its own in tmp/, locked. The collector may take it between creation and lock: then it
 * has no name any more, and another is made. */
static int create_locked(const struct disk_store *d, char path[DISK_PATH_SIZE])
{
    char name[2 * TMP_NAME_BYTES + 1];
    struct stat st;
    int fd;

    for (;;) {
        rand_hex(name, TMP_NAME_BYTES);
        snprintf(path, DISK_PATH_SIZE, "%s/tmp/%s", d->dir, name);
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
        if (fd < 0)
            break;
        if (flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0)
            return fd;
        close(fd);
        (void)unlink(path);
    }
    path[0] = '\0';
    return -1;
}

static void do_check(void *arg)
{
    static const char block[4096];
    struct disk_job *j = arg;
    char path[DISK_PATH_SIZE];
    int fd = create_locked(j->store, path);

    if (fd < 0 || write(fd, block, sizeof block) != (ssize_t)sizeof block)
        j->rc = disk_error("check");
    if (fd < 0)
        return;
    (void)unlink(path);
    close(fd);
}

static enum err CO_FN disk_check(struct media_store *m)
{
    struct disk_job j = {0};

    return disk_run(disk_of(m), do_check, &j);
}

/* ---- writing ------------------------------------------------------------------------------ */

static void close_writer(void *arg)
{
    struct media_writer *w = arg;

    if (w->path[0])
        (void)unlink(w->path);
    if (w->fd >= 0)
        close(w->fd);
    sha256_stream_free(w->digest);
}

static void do_create(void *arg)
{
    struct disk_job *j = arg;

    j->w->fd = create_locked(j->store, j->w->path);
    if (j->w->fd < 0)
        j->rc = disk_error("create");
}

static enum err CO_FN disk_begin(struct media_store *m, struct arena *a, struct media_writer **out)
{
    struct media_writer *w = ARENA_NEW(a, struct media_writer);
    struct disk_job j = {.w = w};

    w->store = disk_of(m);
    w->arena = a;
    w->fd = -1;
    w->block = arena_alloc(a, DISK_BLOCK);
    w->digest = sha256_stream_new();
    arena_defer(a, close_writer, w);
    *out = w;
    return disk_run(w->store, do_create, &j);
}

enum err disk_append(struct media_writer *w, struct str piece)
{
    size_t done = 0;

    while (done < piece.len) {
        ssize_t n = write(w->fd, piece.p + done, piece.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return disk_error("write");
        done += (size_t)n;
    }
    sha256_stream_add(w->digest, piece);
    w->size += (int64_t)piece.len;
    return ERR_OK;
}

static enum err flush_block(struct media_writer *w)
{
    struct str block = str_n(w->block, w->filled);

    w->filled = 0;
    return disk_append(w, block);
}

static void do_write(void *arg)
{
    struct disk_job *j = arg;

    j->rc = flush_block(j->w);
    if (j->rc == ERR_OK)
        j->rc = disk_append(j->w, j->piece);
}

static enum err CO_FN disk_write(struct media_writer *w, struct str piece)
{
    struct disk_job j = {.w = w, .piece = piece};

    if (w->filled + piece.len > DISK_BLOCK)
        return disk_run(w->store, do_write, &j);
    if (piece.len > 0)
        memcpy(w->block + w->filled, piece.p, piece.len);
    w->filled += piece.len;
    return ERR_OK;
}

enum err disk_seal(struct media_writer *w)
{
    uint8_t digest[SHA256_SIZE];
    enum err rc = flush_block(w);

    if (rc)
        return rc;
    if (fsync(w->fd) != 0)
        return disk_error("sync");
    sha256_stream_end(w->digest, digest);
    hex_encode(digest, sizeof digest, w->hex);
    return ERR_OK;
}

static void do_finish(void *arg)
{
    struct disk_job *j = arg;

    j->rc = disk_seal(j->w);
}

static enum err CO_FN disk_finish(struct media_writer *w, struct str *sha256, int64_t *size)
{
    struct disk_job j = {.w = w};
    enum err rc = disk_run(w->store, do_finish, &j);

    if (rc)
        return rc;
    *sha256 = str_from(arena_strdup(w->arena, w->hex));
    *size = w->size;
    return ERR_OK;
}

enum err disk_move(struct media_writer *w, const char *path, const char *dir)
{
    if (rename(w->path, path) != 0)
        return disk_error("rename");
    w->path[0] = '\0';
    return disk_sync_dir(dir) ? ERR_OK : disk_error("sync");
}

static void do_place(void *arg)
{
    struct disk_job *j = arg;
    struct media_writer *w = j->w;
    char dir[DISK_PATH_SIZE], path[DISK_PATH_SIZE + DISK_HEX_SIZE];

    snprintf(dir, sizeof dir, "%s/%.2s", j->store->dir, w->hex);
    snprintf(path, sizeof path, "%s/%s", dir, w->hex);
    j->rc = disk_make_dir(dir) ? disk_move(w, path, dir) : disk_error("create");
}

static enum err CO_FN disk_place(struct media_writer *w)
{
    struct disk_job j = {.w = w};

    return disk_run(w->store, do_place, &j);
}

static void do_remove(void *arg)
{
    struct disk_job *j = arg;

    if (unlink(j->path) != 0 && errno != ENOENT)
        j->rc = disk_error("remove");
}

static const char *path_of(const struct disk_store *d, struct arena *a, struct str sha256)
{
    return arena_printf(a, "%s/%.2s/%.*s", d->dir, sha256.p, STR_ARG(sha256));
}

static enum err CO_FN disk_remove(struct media_store *m, struct str sha256)
{
    struct disk_store *d = disk_of(m);
    struct arena *a = arena_new();
    struct disk_job j = {.path = path_of(d, a, sha256)};
    enum err rc = disk_run(d, do_remove, &j);

    arena_free(a);
    return rc;
}

/* ---- leftovers ---------------------------------------------------------------------------- */

/* Whether nobody writes the file: its writer, in whatever process, would hold the lock. */
static bool is_left_over(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool is_free = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    struct stat st;

    is_free = is_free && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && unlinkat(dir, name, 0) == 0;
    if (fd >= 0)
        close(fd);
    return is_free;
}

static void do_collect(void *arg)
{
    struct disk_job *j = arg;
    char path[DISK_PATH_SIZE];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "%s/tmp", j->store->dir);
    dir = opendir(path);
    if (!dir) {
        j->rc = disk_error("collect");
        return;
    }
    while ((entry = readdir(dir)))
        j->count += is_left_over(dirfd(dir), entry->d_name);
    closedir(dir);
}

static enum err CO_FN disk_collect(struct media_store *m, int64_t *count)
{
    struct disk_job j = {0};
    enum err rc = disk_run(disk_of(m), do_collect, &j);

    *count = j.count;
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------ */

struct read_job {
    struct disk_job base;
    struct media_reader *r;
    int64_t offset;
    size_t max;
    ssize_t n;
};

static void close_reader(void *arg)
{
    struct media_reader *r = arg;

    if (r->fd >= 0)
        close(r->fd);
}

static void do_open(void *arg)
{
    struct read_job *j = arg;

    j->r->fd = open(j->base.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (j->r->fd < 0)
        j->base.rc = errno == ENOENT ? ERR_NOT_FOUND : disk_error("open");
}

static enum err CO_FN disk_open(struct media_store *m, struct arena *a, struct str sha256,
                                struct media_reader **out)
{
    struct media_reader *r = ARENA_NEW(a, struct media_reader);
    struct read_job j = {.r = r, .base.path = path_of(disk_of(m), a, sha256)};

    r->store = disk_of(m);
    r->fd = -1;
    arena_defer(a, close_reader, r);
    *out = r;
    return disk_run(r->store, do_open, &j.base);
}

static void do_read(void *arg)
{
    struct read_job *j = arg;

    do
        j->n = pread(j->r->fd, j->r->block, j->max, j->offset);
    while (j->n < 0 && errno == EINTR);
    if (j->n < 0)
        j->base.rc = disk_error("read");
}

static enum err CO_FN disk_read(struct media_reader *r, int64_t offset, int64_t max,
                                struct str *piece)
{
    struct read_job j = {
        .r = r, .offset = offset, .max = max < DISK_BLOCK ? (size_t)max : (size_t)DISK_BLOCK};
    enum err rc = disk_run(r->store, do_read, &j.base);

    if (rc == ERR_OK)
        *piece = str_n(r->block, (size_t)j.n);
    return rc;
}

/* ---- the backend -------------------------------------------------------------------------- */

static const struct media_backend DISK_BACKEND = {
    .close = disk_close,
    .check = disk_check,
    .begin = disk_begin,
    .write = disk_write,
    .finish = disk_finish,
    .place = disk_place,
    .open = disk_open,
    .read = disk_read,
    .remove = disk_remove,
    .make_parts = disk_make_parts,
    .place_part = disk_place_part,
    .append_part = disk_append_part,
    .remove_parts = disk_remove_parts,
    .list_parts = disk_list_parts,
    .collect_leftovers = disk_collect,
};

static bool make_below(const char *dir, const char *name)
{
    char path[DISK_PATH_SIZE];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return disk_make_dir(path) && access(path, W_OK | X_OK) == 0;
}

struct media_store *disk_store_open(const char *dir, struct offload *o)
{
    struct disk_store *d;
    char path[DISK_PATH_SIZE];

    if (strlen(dir) >= DISK_PATH_SIZE - TAIL_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    for (size_t i = 1; dir[i]; i++) {
        if (dir[i] != '/')
            continue;
        snprintf(path, sizeof path, "%.*s", (int)i, dir);
        if (!disk_make_dir(path))
            return NULL;
    }
    if (!disk_make_dir(dir) || !make_below(dir, "tmp") || !make_below(dir, "parts"))
        return NULL;
    d = MEM_NEW(struct disk_store);
    d->base.backend = &DISK_BACKEND;
    d->offload = o;
    d->dir = mem_strdup(dir);
    return &d->base;
}
