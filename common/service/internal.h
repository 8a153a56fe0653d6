#pragma once
/* Between the files of the service library. */
#include <sysexits.h>

#include "list.h"
#include "service.h"

struct service_private {
    char instance[64]; /* unique per process: what the registry knows it by */
    bool is_migrated;
    char *migration_error;    /* of the last attempt, NULL when it went well; owned */
    int running_tasks;        /* coroutines of service_every in progress */
    struct strmap *directory; /* program → URL, owned (directory.c) */
    bool directory_is_watched;
    struct list watches;   /* struct watch (directory.c) */
    size_t registry_index; /* of the registry URL in use */
    struct str token;      /* cached service token, in token_arena */
    struct arena *token_arena;
    int64_t token_renew_at; /* mono µs */
    bool is_registered;
    int probes; /* questions to the database that it has not answered yet */
    struct introspect_cache *introspected; /* API tokens asked about lately */
    struct traces *traces;                 /* NULL: none are sent */
};

/* probe.c */
/* Whether the database answers within two seconds. ERR_SERVICE_UNAVAILABLE at once while several
 * earlier questions are unanswered, ERR_TIMEOUT. */
MUST_CHECK enum err CO_FN probe_database(struct service *s);

/* settings.c */
extern const struct setting SERVICE_SETTINGS[];
extern const size_t SERVICE_SETTING_COUNT;
/* Reads the environment into s->config and s->own_config; exits the process with 78 on a problem.
 */
void settings_load(struct service *s);
size_t settings_tables(struct service *s, struct setting_table out[2]);
/* URL of the database, put together from DB_URL or DB_HOST and its kin. */
struct str settings_db_url(struct service *s);

/* auth.c */
enum err CO_FN auth_authenticate(struct req *r);
enum err CO_FN auth_authorise(struct req *r);

/* introspect.c */
struct introspect_cache *introspect_cache_new(void);
void introspect_cache_free(struct introspect_cache *c);
/* The JWT that stands for an API token at the moment, at most a minute old. ERR_TOKEN_INVALID;
 * ERR_SERVICE_UNAVAILABLE, with Retry-After, while auth-service cannot be asked. */
MUST_CHECK enum err CO_FN introspect_token(struct req *r, struct str token, struct str *jwt);

/* routes.c */
struct route_table *routes_compile(struct service *s);
void routes_request_finished(struct req *r, int status, int64_t duration_us, int64_t bytes);
void routes_register_metrics(struct service *s);
void routes_write_openapi(struct service *s, struct json_writer *w);

/* registry.c */
void registry_start(struct service *s);
void CO_FN registry_leave(struct service *s);

/* traces.c */
/* Whether the settings make sense; says on err what does not. */
bool traces_check(const struct otel_config *c, FILE *err);
/* Begins recording, when the settings name a collector. */
void traces_start(struct service *s);
/* Sends what is left, within reason. */
void CO_FN traces_flush(struct service *s);
void traces_stop(struct service *s);

/* directory.c */
void directory_init(struct service *s);
/* Ends every watch; it has ended when its coroutine runs next. */
void directory_stop(struct service *s);
void directory_release(struct service *s);

/* lifecycle.c */
int lifecycle_run(struct service *s);
/* All of the program's, in order of application. */
struct migration_set {
    const char *url, *schema;
    struct db_migration *list;
    size_t count;
};
void lifecycle_migrations(struct service *s, struct migration_set *out);

/* s->db, which nothing has connected yet. */
void lifecycle_open_db(struct service *s);

/* migrate_command.c, outbox_command.c */
int migrate_command(struct service *s, int count, char **args);
int CO_FN outbox_command(struct service *s, int count, char **args);

/* command.c: one of the program's own, with nothing but a loop and the database. The exit status.
 */
int command_run(struct service *s, const struct service_command *c, int count, char **args);

/* workers.c: forks WORKERS processes; returns in each of them, or exits the supervising parent. */
void workers_fork(int count);
