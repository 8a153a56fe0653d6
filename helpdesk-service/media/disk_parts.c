/* Uploads in parts: a folder each, a file for each part. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "media/disk_internal.h"

#define LISTED_MAX 10000 /* in one turn of the collector */
#define UPLOAD_NAME_SIZE 65

static struct disk_store *disk_of(struct media_store *m)
{
    return (struct disk_store *)(void *)m;
}

static void parts_path(const struct disk_store *d, struct str upload, char path[DISK_PATH_SIZE])
{
    snprintf(path, DISK_PATH_SIZE, "%s/parts/%.*s", d->dir, STR_ARG(upload));
}

static void do_make(void *arg)
{
    struct disk_job *j = arg;

    if (!disk_make_dir(j->path))
        j->rc = disk_error("create");
}

enum err disk_make_parts(struct media_store *m, struct str upload)
{
    char path[DISK_PATH_SIZE];
    struct disk_job j = {.path = path};

    parts_path(disk_of(m), upload, path);
    return disk_run(disk_of(m), do_make, &j);
}

/* ---- one part ----------------------------------------------------------------------------- */

struct part_job {
    struct disk_job base;
    int64_t index, offset;
    bool is_at_end;
};

static void do_place(void *arg)
{
    struct part_job *j = arg;
    char path[DISK_PATH_SIZE + 32];

    snprintf(path, sizeof path, "%s/%lld", j->base.path, (long long)j->index);
    if (rename(j->base.w->path, path) != 0) {
        j->base.rc = errno == ENOENT ? ERR_NOT_FOUND : disk_error("rename");
        return;
    }
    j->base.w->path[0] = '\0';
    if (!disk_sync_dir(j->base.path))
        j->base.rc = disk_error("sync");
}

enum err disk_place_part(struct media_writer *w, struct str upload, int64_t index)
{
    char path[DISK_PATH_SIZE];
    struct part_job j = {.base = {.w = w, .path = path}, .index = index};

    parts_path(w->store, upload, path);
    return disk_run(w->store, do_place, &j.base);
}

/* So much a job, so that a large part does not keep the worker from others. */
#define BLOCKS_A_JOB 16

static void do_append(void *arg)
{
    struct part_job *j = arg;
    char path[DISK_PATH_SIZE + 32], block[DISK_BLOCK];
    ssize_t n = 1;
    int fd;

    snprintf(path, sizeof path, "%s/%lld", j->base.path, (long long)j->index);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        j->base.rc = errno == ENOENT ? ERR_NOT_FOUND : disk_error("open");
        return;
    }
    for (int i = 0; i < BLOCKS_A_JOB && n > 0 && j->base.rc == ERR_OK; i++) {
        n = pread(fd, block, sizeof block, j->offset);
        if (n < 0)
            j->base.rc = disk_error("read");
        else if (n > 0)
            j->base.rc = disk_append(j->base.w, str_n(block, (size_t)n));
        j->offset += n;
    }
    j->is_at_end = n == 0;
    close(fd);
}

enum err disk_append_part(struct media_writer *w, struct str upload, int64_t index)
{
    char path[DISK_PATH_SIZE];
    struct part_job j = {.base = {.w = w, .path = path}, .index = index};
    enum err rc = ERR_OK;

    parts_path(w->store, upload, path);
    while (rc == ERR_OK && !j.is_at_end)
        rc = disk_run(w->store, do_append, &j.base);
    return rc;
}

/* ---- all of an upload --------------------------------------------------------------------- */

static void do_remove(void *arg)
{
    struct disk_job *j = arg;
    struct dirent *entry;
    DIR *dir = opendir(j->path);

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    if (rmdir(j->path) != 0 && errno != ENOENT)
        j->rc = disk_error("remove");
}

enum err disk_remove_parts(struct media_store *m, struct str upload)
{
    char path[DISK_PATH_SIZE];
    struct disk_job j = {.path = path};

    parts_path(disk_of(m), upload, path);
    return disk_run(disk_of(m), do_remove, &j);
}

struct list_job {
    struct disk_job base;
    char names[LISTED_MAX][UPLOAD_NAME_SIZE];
};

static void do_list(void *arg)
{
    struct list_job *j = arg;
    char path[DISK_PATH_SIZE];
    struct dirent *entry;
    struct stat st;
    DIR *dir;

    snprintf(path, sizeof path, "%s/parts", j->base.store->dir);
    dir = opendir(path);
    if (!dir) {
        j->base.rc = disk_error("list");
        return;
    }
    while (j->base.count < LISTED_MAX && (entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= UPLOAD_NAME_SIZE ||
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISDIR(st.st_mode) || st.st_mtime > time(NULL) - j->base.unchanged_s)
            continue;
        snprintf(j->names[j->base.count++], UPLOAD_NAME_SIZE, "%.64s", entry->d_name);
    }
    closedir(dir);
}

enum err disk_list_parts(struct media_store *m, struct arena *a, int64_t unchanged_s,
                         const struct str **uploads, size_t *count)
{
    struct list_job *j = ARENA_NEW(a, struct list_job);
    struct str *names = ARENA_ARRAY(a, struct str, LISTED_MAX);
    enum err rc;

    j->base.unchanged_s = unchanged_s;
    rc = disk_run(disk_of(m), do_list, &j->base);
    *count = (size_t)j->base.count;
    for (size_t i = 0; i < *count; i++)
        names[i] = str_from(j->names[i]);
    *uploads = names;
    return rc;
}
