/* The upkeep of the audit trail, by whichever process comes first. */
#include "api/audit.h"
#include "clock.h"
#include "encode.h"
#include "service.h"
#include "state.h"
#include "store/audit_chain.h"

#define SEALING_MS 1000
#define DROPPING_MS 3600000

/* What is told here cannot be taken back by who can write to the database. */
static void log_checkpoint(const struct audit_link *head)
{
    char hex[AUDIT_HASH_SIZE * 2 + 1];

    hex_encode(head->hash, AUDIT_HASH_SIZE, hex);
    log_info("audit checkpoint", LOG_I("seq", head->seq), LOG_CSTR("hash", hex));
}

static void CO_FN seal(struct service *s, void *arg)
{
    struct audit_sealed sealed = {.count = AUDIT_SEAL_BATCH};
    enum err rc = ERR_OK;

    (void)arg;
    while (rc == ERR_OK && sealed.count == AUDIT_SEAL_BATCH && !s->is_draining) {
        struct arena *a = arena_new();
        struct db_session session;

        db_session_init(&session, s->db, a);
        rc = audit_chain_seal(&session, clock_wall_us(), &sealed);
        if (rc == ERR_OK && sealed.is_checkpoint)
            log_checkpoint(&sealed.head);
        arena_free(a);
    }
    if (rc)
        log_warn("audit events are sealed later", LOG_CSTR("error", err_code(rc)));
}

struct dropping {
    int64_t before;
    bool found;
};

/* The gap in the trail is an event of its own. */
static enum err CO_FN drop_one(struct db_session *s, void *arg)
{
    struct dropping *d = arg;
    struct audit_event event;
    struct cause cause;
    struct str name;
    enum err rc = audit_chain_drop_month(s, d->before, &name);

    d->found = rc == ERR_OK && name.p;
    if (!d->found)
        return rc;
    cause_from_system(&cause);
    event = audit_event_of(&cause, "audit.drop");
    event.object_type = STR("audit");
    event.details = str_printf(s->arena, "{\"table\":\"%.*s\"}", STR_ARG(name));
    return audit_store_put(s, &event);
}

static void CO_FN drop(struct service *s, void *arg)
{
    struct helpdesk *h = s->state;
    struct dropping d = {.found = true};
    enum err rc = ERR_OK;

    (void)arg;
    while (rc == ERR_OK && d.found) {
        struct arena *a = arena_new();
        struct db_session session;

        d.before = clock_wall_us() - h->config->audit_retention_s * US_PER_S;
        db_session_init(&session, s->db, a);
        rc = db_transact(&session, drop_one, &d);
        arena_free(a);
    }
    if (rc)
        log_warn("old audit events are dropped later", LOG_CSTR("error", err_code(rc)));
}

void audit_start(struct service *s)
{
    struct helpdesk *h = s->state;

    service_every(s, SEALING_MS, "audit", seal, NULL);
    if (h->config->audit_retention_s)
        service_every(s, DROPPING_MS, "audit retention", drop, NULL);
}
