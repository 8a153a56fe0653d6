#include "delivery/mailer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "domain/mail.h"
#include "log.h"
#include "mem.h"
#include "metrics.h"
#include "rand.h"
#include "store/delivery_store.h"

#define MAX_ACTIVE 16
#define POLL_MS 1000
#define LEASE_S 120
#define SEND_TIMEOUT_MS 30000
#define MAX_ATTEMPTS 8
#define RETRY_FIRST_S 5
#define RETRY_MAX_S 3600

static struct metric mails = {
    .name = "mail_deliveries_total",
    .help = "Attempts to deliver a mail, by result.",
    .kind = METRIC_COUNTER,
    .labels = "result",
};

struct mailer {
    struct service *service;
    struct timer poll;
    int active;
    bool is_looking, look_again;
};

struct sending {
    struct mailer *mailer;
    struct arena *arena; /* owned; holds the delivery */
    struct delivery delivery;
};

static void look(void *arg);

static void count(const char *result)
{
    struct str label = str_from(result);
    metric_add(metric_series(&mails, &label), 1);
}

/* ---- one mail ----------------------------------------------------------------------------- */

static struct str compose(struct sending *x)
{
    const struct notification_config *c = notification_config(x->mailer->service);
    const struct delivery *d = &x->delivery;
    struct arena *a = x->arena;
    struct str domain = mail_address(c->mail_from);
    ptrdiff_t at = str_index(domain, '@', 0);
    domain = at < 0 ? STR("localhost") : str_slice(domain, (size_t)at + 1, domain.len);
    struct str link = d->ticket_number.len
                          ? str_printf(a, "\n\n%.*s/tickets/%.*s\n", STR_ARG(c->public_url),
                                       STR_ARG(d->ticket_number))
                          : STR("\n");
    struct mail m = {
        .from = c->mail_from,
        .to_address = d->address,
        .to_name = d->name,
        .subject = d->title,
        .text = str_printf(a, "%.*s%.*s", STR_ARG(d->message), STR_ARG(link)),
        .message_id = str_printf(a, "delivery-%lld@%.*s", (long long)d->id, STR_ARG(domain)),
        .thread_id = d->ticket_number.len ? str_printf(a, "ticket-%.*s@%.*s",
                                                       STR_ARG(d->ticket_number), STR_ARG(domain))
                                          : STR_NULL,
        .date = d->created_at,
    };
    return mail_compose(a, &m);
}

static bool write_whole(int fd, struct str text)
{
    while (text.len) {
        ssize_t n = write(fd, text.p, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text = str_slice(text, (size_t)n, text.len);
    }
    return true;
}

/* A file appears under its name only when it is complete. */
static enum err write_file(struct sending *x, struct str message, const char **why)
{
    const char *dir = str_cstr(x->arena, notification_config(x->mailer->service)->mail_dir);
    const char *name = arena_printf(x->arena, "%s/%lld.eml", dir, (long long)x->delivery.id);
    const char *part = arena_printf(x->arena, "%s.part", name);
    if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
        *why = arena_printf(x->arena, "%s: %s", dir, strerror(errno));
        return ERR_SERVICE_UNAVAILABLE;
    }
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && write_whole(fd, message);
    if (fd >= 0 && close(fd) < 0)
        ok = false;
    if (ok && rename(part, name) == 0)
        return ERR_OK;
    *why = arena_printf(x->arena, "%s: %s", name, strerror(errno));
    return ERR_SERVICE_UNAVAILABLE;
}

static enum err CO_FN deliver(struct sending *x, const char **why)
{
    struct service *s = x->mailer->service;
    const struct notification_config *c = notification_config(s);
    if (!x->delivery.address.len) {
        *why = "no address is known for this person yet";
        return ERR_USER_NOT_FOUND;
    }
    if (!mail_address_is_safe(x->delivery.address)) {
        *why = "the address is not usable";
        return ERR_INVALID_INPUT;
    }
    struct str message = compose(x);
    if (!c->smtp_url.len)
        return write_file(x, message, why);
    struct mail_call call = {.url = c->smtp_url,
                             .from = mail_address(c->mail_from),
                             .to = &x->delivery.address,
                             .to_count = 1,
                             .message = message,
                             .timeout_ms = SEND_TIMEOUT_MS};
    return mail_send(s->http, x->arena, &call, why);
}

static int64_t retry_time(int64_t attempts, int64_t now)
{
    int64_t wait = RETRY_FIRST_S;
    for (int64_t i = 1; i < attempts && wait < RETRY_MAX_S; i++)
        wait *= 2;
    if (wait > RETRY_MAX_S)
        wait = RETRY_MAX_S;
    return now + wait * US_PER_S + (int64_t)(rand_u64() % (uint64_t)(wait * US_PER_S / 4));
}

static enum err CO_FN record(struct sending *x, enum err rc, const char *why)
{
    struct db_session session;
    db_session_init(&session, x->mailer->service->db, x->arena);
    int64_t now = clock_wall_us();
    if (rc == ERR_OK) {
        count("sent");
        return delivery_store_sent(&session, x->delivery.id, now);
    }
    bool is_final = rc == ERR_INVALID_INPUT || x->delivery.attempts >= MAX_ATTEMPTS;
    count(is_final ? "failed" : "retried");
    log_warn("a mail was not delivered", LOG_I("delivery_id", x->delivery.id),
             LOG_I("attempt", x->delivery.attempts), LOG_CSTR("reason", why ? why : err_text(rc)));
    return delivery_store_failed(&session, x->delivery.id, str_from(why ? why : err_text(rc)),
                                 is_final ? INT64_MIN : retry_time(x->delivery.attempts, now));
}

static void CO_FN send_one(void *arg)
{
    struct sending *x = arg;
    struct mailer *m = x->mailer;
    const char *why = NULL;
    enum err rc = deliver(x, &why);
    if (record(x, rc, why) != ERR_OK)
        log_warn("the outcome of a mail was not recorded; it will be sent again",
                 LOG_I("delivery_id", x->delivery.id));
    arena_free(x->arena);
    free(x);
    m->active--;
    mailer_kick(m);
}

/* ---- finding work ------------------------------------------------------------------------- */

static void start_sending(struct mailer *m, const struct delivery *d)
{
    struct sending *x = MEM_NEW(struct sending);
    struct arena *a = arena_new();
    x->mailer = m;
    x->arena = a;
    x->delivery = *d;
    x->delivery.title = str_dup(a, d->title);
    x->delivery.message = str_dup(a, d->message);
    x->delivery.ticket_number = str_dup(a, d->ticket_number);
    x->delivery.address = str_dup(a, d->address);
    x->delivery.name = str_dup(a, d->name);
    m->active++;
    co_start(m->service->loop, send_one, x, "mail");
}

static void CO_FN look(void *arg)
{
    struct mailer *m = arg;
    struct arena *a = arena_new();
    struct db_session session;
    const struct delivery *due;
    size_t n = 0;
    db_session_init(&session, m->service->db, a);
    m->look_again = false;
    if (m->active < MAX_ACTIVE && delivery_store_claim(&session, clock_wall_us(), LEASE_S,
                                                       MAX_ACTIVE - m->active, &due, &n) == ERR_OK)
        for (size_t i = 0; i < n; i++)
            start_sending(m, &due[i]);
    arena_free(a);
    m->is_looking = false;
    if (m->look_again)
        mailer_kick(m);
}

void mailer_kick(void *mailer)
{
    struct mailer *m = mailer;
    m->look_again = true;
    if (m->is_looking || m->service->is_draining)
        return;
    m->is_looking = true;
    co_start(m->service->loop, look, m, "mail-look");
}

static void on_poll(void *arg)
{
    struct mailer *m = arg;
    mailer_kick(m);
    timer_start(&m->poll, POLL_MS);
}

struct mailer *mailer_new(struct service *s)
{
    struct mailer *m = MEM_NEW(struct mailer);
    m->service = s;
    timer_init(&m->poll, s->loop, on_poll, m);
    return m;
}

void mailer_start(struct mailer *m)
{
    on_poll(m);
}

int mailer_active(const struct mailer *m)
{
    return m->active + m->is_looking;
}

void mailer_free(struct mailer *m)
{
    if (!m)
        return;
    timer_release(&m->poll);
    free(m);
}
