/* The store of bytes on a disk, and libmagic's database coming and going. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "media/disk.h"
#include "media/sniff.h"
#include "offload.h"

#define OK(call) assert_int_equal((call), ERR_OK)
#define UPLOAD STR("00ff")

static struct loop *loop;
static struct offload *pool;
static char folder[64];
static struct media_store *media;

static int setup(void **state)
{
    (void)state;
    log_init("media-test", LOG_ERROR);
    snprintf(folder, sizeof folder, "/tmp/media-test-%d", (int)getpid());
    loop = loop_new();
    pool = offload_new(loop, 2, 64);
    media = disk_store_open(folder, pool);
    return media ? 0 : 1;
}

static void remove_below(const char *path)
{
    struct dirent *entry;
    char inner[512];
    DIR *dir = opendir(path);

    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (unlink(inner) != 0)
            remove_below(inner);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

static int teardown(void **state)
{
    (void)state;
    media_store_close(media);
    offload_free(pool);
    loop_free(loop);
    remove_below(folder);
    return 0;
}

/* Runs the body of the test, given as its initial state, in a coroutine. */
typedef void (*body_fn)(struct arena *a);

static void run_body(void *arg)
{
    struct arena *a = arena_new();

    (*(body_fn *)arg)(a);
    arena_free(a);
}

static void run(void **state)
{
    body_fn body = (body_fn)(intptr_t)*state;

    if (co_count())
        _exit(1); /* a failed assertion left its coroutine half way */
    co_start(loop, run_body, &body, "test");
    while (co_count())
        loop_turn(loop, 50);
}

static int files_in(const char *name)
{
    char path[128];
    struct dirent *entry;
    int count = 0;
    DIR *dir;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

/* ---- contents ----------------------------------------------------------------------------- */

static void a_content_comes_back(struct arena *a)
{
    struct media_writer *w;
    struct media_reader *r;
    struct str sha256, piece;
    char large[100000];
    int64_t size;

    memset(large, 'x', sizeof large);
    OK(media_begin(media, a, &w));
    OK(media_write(media, w, STR("abc")));
    OK(media_write(media, w, str_n(large, sizeof large)));
    OK(media_write(media, w, STR("end")));
    OK(media_finish(media, w, &sha256, &size));
    assert_int_equal(size, sizeof large + 6);
    assert_int_equal(sha256.len, 64);
    assert_int_equal(media_open(media, a, sha256, &r), ERR_NOT_FOUND);
    assert_int_equal(files_in("tmp"), 1);
    OK(media_place(media, w));
    assert_int_equal(files_in("tmp"), 0);
    OK(media_open(media, a, sha256, &r));
    OK(media_read(media, r, 0, 4, &piece));
    assert_true(str_eq(piece, STR("abcx")));
    OK(media_read(media, r, size - 4, 100, &piece));
    assert_true(str_eq(piece, STR("xend")));
    OK(media_read(media, r, size, 100, &piece));
    assert_int_equal(piece.len, 0);
    OK(media_remove(media, sha256));
    OK(media_remove(media, sha256));
    assert_int_equal(media_open(media, a, sha256, &r), ERR_NOT_FOUND);
}

static void nothing_has_a_digest_too(struct arena *a)
{
    struct media_writer *w;
    struct str sha256;
    int64_t size;

    OK(media_begin(media, a, &w));
    OK(media_finish(media, w, &sha256, &size));
    assert_int_equal(size, 0);
    assert_true(str_has_prefix(sha256, STR("e3b0c442")));
}

static void what_is_not_placed_is_gone_with_its_arena(struct arena *a)
{
    struct arena *own = arena_new();
    struct media_writer *w;

    (void)a;
    OK(media_begin(media, own, &w));
    OK(media_write(media, w, STR("x")));
    assert_int_equal(files_in("tmp"), 1);
    arena_free(own);
    assert_int_equal(files_in("tmp"), 0);
}

static void leftovers_go_and_what_is_being_written_stays(struct arena *a)
{
    struct media_writer *w;
    struct str sha256;
    char path[128];
    int64_t size;
    FILE *left;

    OK(media_begin(media, a, &w));
    OK(media_write(media, w, STR("alive")));
    snprintf(path, sizeof path, "%s/tmp/left", folder);
    left = fopen(path, "w");
    assert_non_null(left);
    fclose(left);
    OK(media_collect_leftovers(media, &size));
    assert_int_equal(size, 1);
    assert_int_equal(files_in("tmp"), 1);
    OK(media_finish(media, w, &sha256, &size));
    OK(media_place(media, w));
    OK(media_remove(media, sha256));
}

static void the_folder_is_checked(struct arena *a)
{
    char tmp[128], away[128];
    struct media_writer *w;

    snprintf(tmp, sizeof tmp, "%s/tmp", folder);
    snprintf(away, sizeof away, "%s/away", folder);
    OK(media_check(media));
    assert_int_equal(files_in("tmp"), 0);
    assert_int_equal(rename(tmp, away), 0);
    assert_int_equal(media_check(media), ERR_SERVICE_UNAVAILABLE);
    assert_int_equal(media_begin(media, a, &w), ERR_SERVICE_UNAVAILABLE);
    assert_int_equal(rename(away, tmp), 0);
    OK(media_check(media));
    assert_null(disk_store_open("/proc/nowhere", pool));
}

/* ---- parts -------------------------------------------------------------------------------- */

static void put_part(struct arena *a, int64_t index, struct str content)
{
    struct media_writer *w;
    struct str sha256;
    int64_t size;

    OK(media_begin(media, a, &w));
    OK(media_write(media, w, content));
    OK(media_finish(media, w, &sha256, &size));
    OK(media_place_part(media, w, UPLOAD, index));
}

static void parts_become_a_content(struct arena *a)
{
    const struct str *names;
    struct media_writer *w;
    struct str sha256;
    char *large = arena_alloc(a, 3 << 20);
    int64_t size;
    size_t count;

    memset(large, 'x', 3 << 20);
    OK(media_make_parts(media, UPLOAD));
    put_part(a, 1, STR("late"));
    put_part(a, 0, STR("wrong"));
    put_part(a, 0, str_n(large, 3 << 20));
    OK(media_begin(media, a, &w));
    OK(media_append_part(media, w, UPLOAD, 0));
    OK(media_append_part(media, w, UPLOAD, 1));
    assert_int_equal(media_append_part(media, w, UPLOAD, 2), ERR_NOT_FOUND);
    OK(media_finish(media, w, &sha256, &size));
    assert_int_equal(size, (3 << 20) + 4);
    OK(media_list_parts(media, a, 3600, &names, &count));
    assert_int_equal(count, 0);
    OK(media_list_parts(media, a, -1, &names, &count));
    assert_int_equal(count, 1);
    assert_true(str_eq(names[0], UPLOAD));
    OK(media_remove_parts(media, UPLOAD));
    OK(media_remove_parts(media, UPLOAD));
    OK(media_list_parts(media, a, -1, &names, &count));
    assert_int_equal(count, 0);
}

static void a_part_of_a_removed_upload(struct arena *a)
{
    struct media_writer *w;
    struct str sha256;
    int64_t size;

    OK(media_begin(media, a, &w));
    OK(media_finish(media, w, &sha256, &size));
    assert_int_equal(media_place_part(media, w, UPLOAD, 0), ERR_NOT_FOUND);
}

/* ---- libmagic ----------------------------------------------------------------------------- */

/* Whether this process has the database's file in its memory. */
static bool has_database(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    bool found = false;

    while (maps && fgets(line, sizeof line, maps))
        found |= strstr(line, "magic.mgc") != NULL;
    if (maps)
        fclose(maps);
    return found;
}

static void the_database_comes_and_goes(struct arena *a)
{
    struct sniffer *s = sniffer_new(pool);
    struct str type;

    assert_false(has_database());
    OK(sniffer_ask(s, a, STR("GIF89a\1\0\1\0\0\0\0"), &type));
    assert_true(str_eq(type, STR("image/gif")));
    assert_true(has_database());
    sniffer_rest(s);
    assert_true(has_database());
    sniffer_rest(s);
    assert_false(has_database());
    OK(sniffer_ask(s, a, STR("<!doctype html><html>"), &type));
    assert_true(str_eq(type, STR("text/html")));
    OK(sniffer_ask(s, a, STR("\1\2\3"), &type));
    assert_true(str_eq(type, STR("application/octet-stream")));
    sniffer_free(s);
    assert_false(has_database());
}

#define BODY(fn)                                                                                   \
    (struct CMUnitTest)                                                                            \
    {                                                                                              \
        .name = #fn, .test_func = run, .initial_state = (void *)(intptr_t)fn                       \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BODY(a_content_comes_back),
        BODY(nothing_has_a_digest_too),
        BODY(what_is_not_placed_is_gone_with_its_arena),
        BODY(leftovers_go_and_what_is_being_written_stays),
        BODY(the_folder_is_checked),
        BODY(parts_become_a_content),
        BODY(a_part_of_a_removed_upload),
        BODY(the_database_comes_and_goes),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
