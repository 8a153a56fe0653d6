/* Following the table: a notification tells of each change, a slow look makes sure. */
#include "clock.h"
#include "log.h"
#include "store/instance.h"
#include "sync/registry.h"

#define CHANNEL "registry_directory"
/* Times that move without a change of the revision (leases, checks) are at most that old. */
#define RELOAD_INTERVAL_US (5 * US_PER_S)
#define STALE_AFTER_US (15 * US_PER_S)

static enum err CO_FN load(struct registry *g, struct db_session *s, int64_t revision)
{
    struct instance *rows;
    size_t n;
    uint64_t changes = g->changes;
    enum err rc = instance_store_all(s, &rows, &n);

    if (rc)
        return rc;
    /* Somebody registered here meanwhile: the rows may be older than that. */
    if (changes != g->changes) {
        g->is_behind = true;
        return ERR_OK;
    }
    directory_replace(g->directory, rows, n);
    g->loaded_at = clock_mono_us();
    /* As long as this process knows of more than the table, it does not go back to that. */
    if (!g->has_unsaved_revision)
        g->revision = revision;
    watch_set_move(g->watchers, g->revision);
    return ERR_OK;
}

static enum err CO_FN look(struct registry *g)
{
    struct arena *a = arena_new();
    struct db_session s;
    int64_t revision, now = clock_mono_us();
    enum err rc = db_is_up(g->service->db) ? ERR_OK : ERR_SERVICE_UNAVAILABLE;

    db_session_init(&s, g->service->db, a);
    if (rc == ERR_OK)
        rc = instance_store_revision(&s, &revision);
    if (rc == ERR_OK && (revision != g->revision || now - g->loaded_at >= RELOAD_INTERVAL_US))
        rc = load(g, &s, revision);
    if (rc == ERR_OK)
        g->looked_at = now;
    arena_free(a);
    return rc;
}

/* One at a time: an older answer must not overtake a newer one. */
enum err CO_FN registry_follow(struct registry *g)
{
    enum err rc;

    g->is_behind = true;
    if (g->is_following)
        return ERR_OK;
    g->is_following = true;
    do {
        g->is_behind = false;
        rc = look(g);
    } while (rc == ERR_OK && g->is_behind);
    g->is_following = false;
    return rc;
}

static void CO_FN follow_once(void *arg)
{
    if (registry_follow(arg))
        log_debug("the table cannot be read; the periodic look tries again");
}

static void on_notified(void *arg, struct str payload)
{
    struct registry *g = arg;
    int64_t revision;

    if (payload.p && str_to_i64(payload, &revision) && revision == g->revision)
        return;
    co_start(g->service->loop, follow_once, g, "registry-follow");
}

enum err CO_FN registry_load(struct registry *g)
{
    enum err rc;

    if (!g->listener)
        g->listener = db_listener_new(g->service->db, CHANNEL, on_notified, g);
    rc = registry_follow(g);
    return rc == ERR_OK && !registry_is_loaded(g) ? ERR_SERVICE_UNAVAILABLE : rc;
}

void CO_FN registry_stop_following(struct registry *g)
{
    db_listener_free(g->listener);
    g->listener = NULL;
    while (g->is_following && co_sleep_ms(5) == ERR_OK)
        g->is_behind = false;
}

void registry_move_alone(struct registry *g)
{
    if (!registry_is_loaded(g))
        return;
    g->has_unsaved_revision = true;
    watch_set_move(g->watchers, ++g->revision);
}

int64_t registry_stale_s(const struct registry *g)
{
    int64_t age = clock_mono_us() - g->looked_at;

    return age < STALE_AFTER_US && db_is_up(g->service->db) ? -1 : age / US_PER_S;
}
