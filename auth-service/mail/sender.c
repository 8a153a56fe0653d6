#include "mail/sender.h"

#include "clock.h"
#include "log.h"
#include "mail/make.h"
#include "metrics.h"
#include "post.h"
#include "rand.h"
#include "retry.h"

/* Over the longest an attempt takes: then its process must have died. */
#define LEASE_S 60
/* A mail server that was away is used again soon after it is back. */
#define LONGEST_WAIT_US (300 * US_PER_S)

static struct metric MAIL_TOTAL = {
    .name = "auth_mail_total",
    .help = "Mails by outcome of an attempt.",
    .kind = METRIC_COUNTER,
    .labels = "kind,result",
};

enum err CO_FN mail_put(struct auth_app *app, struct db_session *s, const char *kind,
                        struct str email, int64_t user_id, struct str facts, int64_t now)
{
    char id[UUID_TEXT_SIZE];
    struct outgoing_mail m = {
        .kind = str_from(kind),
        .email = email,
        .user_id = user_id,
        .facts = facts,
        .created_at = now,
        .expires_at = now + mail_life_s(app, str_from(kind)) * US_PER_S,
    };
    enum err rc;

    rand_uuid(id);
    m.message_id = str_from(id);
    rc = outgoing_mail_store_insert(s, &m);
    if (rc == ERR_OK && app->courier)
        db_on_commit(s, courier_kick, app->courier);
    return rc;
}

enum err CO_FN mail_queue(struct req *r, struct db_session *s, const char *kind, struct str email,
                          int64_t user_id)
{
    struct str facts = mail_facts(r->arena, r->peer, req_header(r, "User-Agent"));

    return mail_put(auth_app(r), s, kind, email, user_id, facts, r->now);
}

static void count(const struct outgoing_mail *m, const char *result)
{
    metric_add(metric_series(&MAIL_TOTAL, (struct str[]){m->kind, str_from(result)}), 1);
}

static enum err CO_FN send_out(struct auth_app *app, struct arena *a, const struct outgoing_mail *m,
                               const char **why)
{
    struct str message;

    if (seal_open(app->seal, a, mail_seal_context(a, m), m->message, &message)) {
        *why = "it was sealed with another SECRET_KEY";
        return ERR_INVALID_INPUT;
    }
    return mail_post(app->service->http, a, &app->config->mail,
                     arena_printf(a, "auth-%lld.eml", (long long)m->id), m->email, message, why);
}

static enum err CO_FN settle(struct db_session *db, const struct outgoing_mail *m, enum err rc,
                             const char *why)
{
    int64_t now = clock_wall_us(), at;

    if (rc == ERR_OK) {
        count(m, "sent");
        return outgoing_mail_store_delete(db, m->id);
    }
    log_warn("mail not sent", LOG_I("mail_id", m->id), LOG_STR("kind", m->kind),
             LOG_I("attempt", m->attempts), LOG_CSTR("reason", why && *why ? why : err_text(rc)));
    if (rc == ERR_INVALID_INPUT) {
        count(m, "refused");
        return outgoing_mail_store_delete(db, m->id);
    }
    count(m, "retried");
    at = retry_at(m->attempts, now, rand_u64());
    return outgoing_mail_store_put_off(db, m->id,
                                       at < now + LONGEST_WAIT_US ? at : now + LONGEST_WAIT_US);
}

static enum err CO_FN handle(struct auth_app *app, struct db_session *db, struct outgoing_mail *m)
{
    const char *why = NULL;
    bool wanted = true;
    enum err rc;

    if (m->expires_at <= clock_wall_us()) {
        log_warn("mail given up: it would be of no use any more", LOG_I("mail_id", m->id),
                 LOG_STR("kind", m->kind), LOG_I("attempts", m->attempts - 1));
        count(m, "expired");
        return outgoing_mail_store_delete(db, m->id);
    }
    if (!m->message.p) {
        rc = mail_make(app, db, m, &wanted);
        if (rc)
            return rc;
        if (!wanted)
            return outgoing_mail_store_delete(db, m->id);
    }
    rc = send_out(app, db->arena, m, &why);
    return settle(db, m, rc, why);
}

bool CO_FN mail_work(struct courier *c, struct service *s, struct arena *a)
{
    struct db_session db;
    struct outgoing_mail m;
    bool found;
    enum err rc;

    db_session_init(&db, s->db, a);
    if (outgoing_mail_store_claim(&db, clock_wall_us(), LEASE_S, &m, &found) || !found)
        return false;
    courier_claimed(c);
    rc = handle(s->state, &db, &m);
    if (rc)
        log_warn("the outcome of a mail was not recorded; it will be tried again",
                 LOG_I("mail_id", m.id), LOG_CSTR("error", err_code(rc)));
    return true;
}
