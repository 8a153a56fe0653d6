#include "media/sniff.h"

#include <magic.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "log.h"
#include "mem.h"
#include "offload.h"

/* Looking into archives and programs costs time and tells nothing about the media type. */
#define FLAGS                                                                                      \
    (MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_ELF |         \
     MAGIC_NO_CHECK_TOKENS)
#define TYPE_SIZE 256

struct sniffer {
    struct offload *offload;
    pthread_mutex_t lock; /* a database answers one question at a time */
    /* guarded by lock */
    magic_t magic;
    bool was_asked;
};

struct question {
    struct sniffer *sniffer;
    struct str head;
    char type[TYPE_SIZE];
    enum err rc;
};

struct sniffer *sniffer_new(struct offload *o)
{
    struct sniffer *s = MEM_NEW(struct sniffer);

    s->offload = o;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void sniffer_free(struct sniffer *s)
{
    if (!s)
        return;
    if (s->magic)
        magic_close(s->magic);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static bool load(struct sniffer *s)
{
    if (s->magic)
        return true;
    s->magic = magic_open(FLAGS);
    if (s->magic && magic_load(s->magic, NULL) == 0)
        return true;
    log_error("libmagic has no database",
              LOG_CSTR("reason", s->magic ? magic_error(s->magic) : "out of memory"));
    if (s->magic)
        magic_close(s->magic);
    s->magic = NULL;
    return false;
}

static void answer(void *arg)
{
    struct question *q = arg;
    struct sniffer *s = q->sniffer;
    const char *type;

    pthread_mutex_lock(&s->lock);
    s->was_asked = true;
    if (load(s)) {
        type = magic_buffer(s->magic, q->head.p, q->head.len);
        snprintf(q->type, sizeof q->type, "%s", type ? type : "application/octet-stream");
    } else {
        q->rc = ERR_SERVICE_UNAVAILABLE;
    }
    pthread_mutex_unlock(&s->lock);
}

enum err sniffer_ask(struct sniffer *s, struct arena *a, struct str head, struct str *type)
{
    struct question *q = ARENA_NEW(a, struct question);
    enum err rc;

    q->sniffer = s;
    q->head = head;
    rc = offload_run(s->offload, answer, q);
    *type = str_from(q->type);
    return rc ? rc : q->rc;
}

static void rest(void *arg)
{
    struct sniffer *s = arg;

    pthread_mutex_lock(&s->lock);
    if (!s->was_asked && s->magic) {
        magic_close(s->magic);
        s->magic = NULL;
        malloc_trim(0); /* its compiled expressions were megabytes in small pieces */
    }
    s->was_asked = false;
    pthread_mutex_unlock(&s->lock);
}

void sniffer_rest(struct sniffer *s)
{
    if (offload_run(s->offload, rest, s) != ERR_OK)
        log_debug("libmagic's database is let go later");
}
