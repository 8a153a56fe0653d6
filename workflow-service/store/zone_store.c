#include "store/zone_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arena.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"
#define PATH_SIZE (sizeof ZONE_FOLDER + ZONE_NAME_MAX)

struct known_zone {
    struct str name;
    struct zone zone;
    struct known_zone *next;
};

static struct arena *memory;
static struct known_zone *known;

static enum err read_all(int file, char *buffer, size_t *len)
{
    ssize_t n;
    *len = 0;
    while ((n = read(file, buffer + *len, ZONE_FILE_MAX + 1 - *len)) > 0)
        *len += (size_t)n;
    return n == 0 && *len <= ZONE_FILE_MAX ? ERR_OK : ERR_NOT_FOUND;
}

static enum err read_file(struct arena *a, struct str name, struct str *out)
{
    char path[PATH_SIZE];
    struct stat st;
    (void)snprintf(path, sizeof path, ZONE_FOLDER "%.*s", STR_ARG(name));
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return ERR_NOT_FOUND;
    enum err rc = ERR_NOT_FOUND;
    if (fstat(file, &st) == 0 && S_ISREG(st.st_mode)) {
        char *buffer = arena_alloc(a, ZONE_FILE_MAX + 1);
        size_t len;
        rc = read_all(file, buffer, &len);
        *out = str_n(buffer, len);
    }
    (void)close(file);
    return rc;
}

static enum err add(struct str name, const struct zone **out)
{
    struct arena *scratch = arena_new();
    struct str file;
    struct zone zone;
    enum err rc = read_file(scratch, name, &file);
    if (rc == ERR_OK && zone_parse(scratch, file, &zone) != ERR_OK)
        rc = ERR_NOT_FOUND;
    if (rc == ERR_OK) {
        if (!memory)
            memory = arena_new();
        struct known_zone *k = ARENA_NEW(memory, struct known_zone);
        k->name = str_dup(memory, name);
        rc = zone_parse(memory, file, &k->zone);
        k->next = known;
        known = k;
        *out = &k->zone;
    }
    arena_free(scratch);
    return rc;
}

enum err zone_store_find(struct str name, const struct zone **out)
{
    if (!zone_is_name(name))
        return ERR_NOT_FOUND;
    for (const struct known_zone *k = known; k; k = k->next)
        if (str_eq(k->name, name)) {
            *out = &k->zone;
            return ERR_OK;
        }
    return add(name, out);
}

void zone_store_release(void)
{
    arena_free(memory);
    memory = NULL;
    known = NULL;
}
