#include "config/posted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

struct header {
    uint64_t generation, len;
    bool is_in_effect;
};

static int file = -1, event = -1;

void posted_open(void)
{
    file = memfd_create("gateway-config", MFD_CLOEXEC);
    event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (file < 0 || event < 0)
        abort();
}

int posted_event_fd(void)
{
    return event;
}

/* Record locks belong to a process, so they also work between those that inherited one file. */
static void lock(short kind)
{
    struct flock l = {.l_type = kind, .l_whence = SEEK_SET};
    while (fcntl(file, F_SETLKW, &l) < 0)
        if (errno != EINTR)
            abort();
}

static bool transfer(bool is_write, char *p, size_t len, off_t at)
{
    while (len) {
        ssize_t n = is_write ? pwrite(file, p, len, at) : pread(file, p, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static struct header read_header(void)
{
    struct header h;
    if (!transfer(false, (char *)&h, sizeof h, 0))
        h = (struct header){0};
    return h;
}

bool posted_read(struct arena *a, struct str *text, uint64_t *generation)
{
    lock(F_RDLCK);
    struct header h = read_header();
    bool ok = h.is_in_effect;
    if (ok) {
        char *p = arena_alloc(a, h.len + 1);
        ok = transfer(false, p, h.len, sizeof h);
        p[h.len] = '\0';
        *text = str_n(p, h.len);
    }
    lock(F_UNLCK);
    *generation = h.generation;
    return ok;
}

uint64_t posted_write(struct str text)
{
    lock(F_WRLCK);
    struct header h = read_header(), next = {h.generation + 1, text.len, true}, none = {0};
    none.generation = next.generation;
    /* A process that dies in between leaves the file in effect, not half a text. */
    bool ok = transfer(true, (char *)&none, sizeof none, 0) &&
              transfer(true, (char *)(uintptr_t)text.p, text.len, sizeof next) &&
              transfer(true, (char *)&next, sizeof next, 0);
    lock(F_UNLCK);
    if (!ok)
        return 0;
    uint64_t one = 1;
    if (write(event, &one, sizeof one) < 0 && errno != EAGAIN)
        abort();
    return next.generation;
}

void posted_clear(uint64_t generation)
{
    lock(F_WRLCK);
    struct header h = read_header();
    if (h.generation == generation && h.is_in_effect) {
        h.is_in_effect = false;
        if (!transfer(true, (char *)&h, sizeof h, 0))
            abort();
    }
    lock(F_UNLCK);
}
