#include "media/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "digest.h"
#include "encode.h"
#include "log.h"
#include "mem.h"
#include "offload.h"
#include "rand.h"

#define HEX_SIZE (SHA256_SIZE * 2 + 1)
#define READ_SIZE 65536
#define PATH_SIZE 4096
#define STALE_S 86400

struct blob_store {
    struct offload *offload;
    char *dir; /* owned; holds tmp/ and one folder for each first byte of a name */
};

struct blob_writer {
    struct blob_store *store;
    struct arena *arena;
    int fd;
    char path[PATH_SIZE]; /* "" once it is in place */
    int64_t size;
};

struct blob_reader {
    struct blob_store *store;
    int fd;
    char buffer[READ_SIZE];
};

static bool make_dir(const char *path)
{
    return mkdir(path, 0750) == 0 || errno == EEXIST;
}

struct blob_store *blob_store_open(const char *dir, struct offload *o)
{
    struct blob_store *b = MEM_NEW(struct blob_store);
    char path[PATH_SIZE];
    bool is_made;

    b->offload = o;
    b->dir = mem_strdup(dir);
    is_made = strlen(dir) < PATH_SIZE - 128;
    for (size_t i = 1; is_made && dir[i]; i++) {
        if (dir[i] != '/')
            continue;
        snprintf(path, sizeof path, "%.*s", (int)i, dir);
        is_made = make_dir(path);
    }
    snprintf(path, sizeof path, "%s/tmp", dir);
    if (is_made && make_dir(dir) && make_dir(path) && access(path, W_OK | X_OK) == 0)
        return b;
    blob_store_close(b);
    return NULL;
}

void blob_store_close(struct blob_store *b)
{
    if (!b)
        return;
    free(b->dir);
    free(b);
}

static enum err disk_error(const char *what)
{
    log_error("upload folder", LOG_CSTR("operation", what), LOG_CSTR("reason", strerror(errno)));
    return ERR_INTERNAL_ERROR;
}

/* ---- writing ------------------------------------------------------------------------------ */

struct write_job {
    struct blob_writer *w;
    struct str piece;
    char hex[HEX_SIZE];
    enum err rc;
};

static void close_writer(void *arg)
{
    struct blob_writer *w = arg;

    if (w->fd >= 0)
        close(w->fd);
    if (w->path[0])
        unlink(w->path);
}

static void do_create(void *arg)
{
    struct write_job *j = arg;

    j->w->fd = open(j->w->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    j->rc = j->w->fd < 0 ? disk_error("create") : ERR_OK;
}

enum err blob_begin(struct blob_store *b, struct arena *a, struct blob_writer **out)
{
    struct blob_writer *w = ARENA_NEW(a, struct blob_writer);
    struct write_job j = {.w = w};
    char name[2 * 16 + 1];
    enum err rc;

    rand_hex(name, 16);
    *w = (struct blob_writer){.store = b, .arena = a, .fd = -1};
    snprintf(w->path, sizeof w->path, "%s/tmp/%s", b->dir, name);
    arena_defer(a, close_writer, w);
    rc = offload_run(b->offload, do_create, &j);
    *out = w;
    return rc ? rc : j.rc;
}

static void do_write(void *arg)
{
    struct write_job *j = arg;
    size_t done = 0;

    while (done < j->piece.len) {
        ssize_t n = write(j->w->fd, j->piece.p + done, j->piece.len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            j->rc = disk_error("write");
            return;
        }
        done += (size_t)n;
    }
}

enum err blob_write(struct blob_writer *w, struct str piece)
{
    struct write_job j = {.w = w, .piece = piece};
    enum err rc = offload_run(w->store->offload, do_write, &j);

    if (rc == ERR_OK && j.rc == ERR_OK)
        w->size += (int64_t)piece.len;
    return rc ? rc : j.rc;
}

/* The file is hashed where it lies in the page cache, so that any size takes no memory. */
static bool hash_file(int fd, int64_t size, char hex[HEX_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    void *map = NULL;

    if (size > 0) {
        map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED)
            return false;
    }
    sha256(str_n(map ? map : "", (size_t)size), digest);
    if (map)
        munmap(map, (size_t)size);
    hex_encode(digest, sizeof digest, hex);
    return true;
}

static bool sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return is_synced;
}

static void do_commit(void *arg)
{
    struct write_job *j = arg;
    struct blob_writer *w = j->w;
    char dir[PATH_SIZE], path[PATH_SIZE + HEX_SIZE];

    if (fsync(w->fd) != 0 || !hash_file(w->fd, w->size, j->hex)) {
        j->rc = disk_error("commit");
        return;
    }
    snprintf(dir, sizeof dir, "%s/%.2s", w->store->dir, j->hex);
    snprintf(path, sizeof path, "%s/%s", dir, j->hex);
    if (!make_dir(dir) || rename(w->path, path) != 0 || !sync_dir(dir)) {
        j->rc = disk_error("commit");
        return;
    }
    w->path[0] = '\0';
}

enum err blob_commit(struct blob_writer *w, struct str *sha256, int64_t *size)
{
    struct write_job j = {.w = w};
    enum err rc = offload_run(w->store->offload, do_commit, &j);

    if (rc || j.rc)
        return rc ? rc : j.rc;
    *sha256 = str_from(arena_strdup(w->arena, j.hex));
    *size = w->size;
    return ERR_OK;
}

static void do_collect(void *arg)
{
    struct blob_store *b = arg;
    char path[PATH_SIZE];
    struct dirent *entry;
    struct stat st;
    DIR *dir;

    snprintf(path, sizeof path, "%s/tmp", b->dir);
    dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && st.st_mtime < time(NULL) - STALE_S)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    if (dir)
        closedir(dir);
}

void blob_collect(struct blob_store *b)
{
    if (offload_run(b->offload, do_collect, b) != ERR_OK)
        log_warn("the upload folder is swept later");
}

/* ---- reading ------------------------------------------------------------------------------ */

struct read_job {
    struct blob_reader *r;
    const char *path;
    ssize_t n;
    enum err rc;
};

static void close_reader(void *arg)
{
    struct blob_reader *r = arg;

    if (r->fd >= 0)
        close(r->fd);
}

static void do_open(void *arg)
{
    struct read_job *j = arg;

    j->r->fd = open(j->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (j->r->fd < 0)
        j->rc = errno == ENOENT ? ERR_NOT_FOUND : disk_error("open");
}

enum err blob_open(struct blob_store *b, struct arena *a, struct str sha256,
                   struct blob_reader **out)
{
    struct blob_reader *r = ARENA_NEW(a, struct blob_reader);
    struct read_job j = {
        .r = r,
        .path = arena_printf(a, "%s/%.2s/%.*s", b->dir, sha256.p, STR_ARG(sha256)),
    };
    enum err rc;

    r->store = b;
    r->fd = -1;
    arena_defer(a, close_reader, r);
    rc = offload_run(b->offload, do_open, &j);
    *out = r;
    return rc ? rc : j.rc;
}

static void do_read(void *arg)
{
    struct read_job *j = arg;

    do
        j->n = read(j->r->fd, j->r->buffer, sizeof j->r->buffer);
    while (j->n < 0 && errno == EINTR);
    if (j->n < 0)
        j->rc = disk_error("read");
}

enum err blob_read(struct blob_reader *r, struct str *piece)
{
    struct read_job j = {.r = r};
    enum err rc = offload_run(r->store->offload, do_read, &j);

    if (rc || j.rc)
        return rc ? rc : j.rc;
    *piece = str_n(r->buffer, (size_t)j.n);
    return ERR_OK;
}
