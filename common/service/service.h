#pragma once
/*
 * The standard main of a fleet program: settings, logs, loop, migrations, database, broker, HTTP
 * server, registry lease, health, metrics, graceful stop. A service's main.c only fills in a
 * struct service_desc.
 */
#include "actor.h"
#include "client.h"
#include "db.h"
#include "loop.h"
#include "metrics.h"
#include "migrate.h"
#include "mq.h"
#include "offload.h"
#include "outbox.h"
#include "req.h"
#include "route.h"
#include "server.h"
#include "setting.h"

/* Traces, by the names of the OpenTelemetry specification. */
struct otel_config {
    bool is_disabled;
    struct str service_name, resource_attributes;
    struct str exporter, sampler, sampler_arg, protocol;
    struct str endpoint, traces_endpoint; /* neither: no traces */
    struct str headers;                   /* "name=value,…", values percent-encoded */
    int64_t timeout_ms, delay_ms, queue_size, batch_size;
};

/* Settings that every program has. */
struct service_config {
    int64_t port;
    struct str bind;
    struct str db_url, db_host, db_user, db_password, db_name, db_ssl_mode, db_ssl_root_cert;
    int64_t db_port, db_pool, db_read_connections;
    struct str amqp_url, amqp_ca_file;
    struct str registry_urls; /* separated by commas */
    struct str registry_url;  /* the first of them */
    struct str auth_service_url, helpdesk_service_url, workflow_service_url, messaging_service_url,
        notification_service_url;
    struct str jwt_secret, jwt_previous_secrets;
    int64_t jwt_expiry_s;
    struct str allowed_origins;
    struct str log_level, environment;
    int64_t workers, max_body_bytes, request_timeout_ms, drain_delay_ms;
    struct str advertise_host; /* the address registered at the registry */
    struct str trusted_proxies;
    struct str service_secret; /* signs service tokens; empty: jwt_secret */
    struct otel_config otel;
};

enum service_flags {
    SERVICE_NO_DB = 1,
    SERVICE_NO_MQ = 2,
    SERVICE_NO_REGISTRY = 4,
    SERVICE_OWN_SERVER =
        8, /* start() runs its own listener (gateway); routes are served on it too */
};

struct service;

struct service_check {
    const char *name;
    /* ERR_OK when fine; may suspend. */
    enum err (*check)(struct service *s);
};

/* A command line of the program's own: "helpdesk-service --name [argument…]". */
struct service_command {
    const char *name, *help;
    const char *usage; /* what may stand behind the name; NULL: nothing */
    /*
     * In a coroutine, with the settings and the database, and everything behind the name
     * (args[count] == NULL; arguments.h). The exit status, by sysexits.h: EX_USAGE has the usage
     * printed, EX_UNAVAILABLE is for a database that is away.
     */
    int (*run)(struct service *s, int count, char **args);
};

struct service_desc {
    const char *name;   /* "auth-service" */
    const char *schema; /* PostgreSQL schema, NULL without one */
    int default_port;
    int default_db_pool; /* DB_POOL_SIZE unless set; 0: 4 */
    unsigned flags;
    const struct setting *settings;    /* the program's own, .name == NULL ends; may be NULL */
    size_t config_size;                /* of the struct they fill */
    const struct route *const *routes; /* arrays, each ended by .method == NULL; NULL ends */
    const struct db_migration *const *migrations; /* arrays in order of application, each ended by
                                                     .sql == NULL; NULL ends. mq is added. */
    /* --check-config, beyond the settings: prints what is wrong. May be NULL. */
    bool (*check)(struct service *s);
    /* After settings are read and before anything connects: create state, declare queues and
     * consumers. ERR_OK or the program ends with status 78. */
    enum err (*init)(struct service *s);
    /* In a coroutine, once the database is migrated: seeds, snapshots, timers. Repeated with
     * backoff until ERR_OK; /ready waits for it. */
    enum err (*start)(struct service *s);
    /* When stopping begins: ends what would keep requests waiting. */
    void (*drain)(struct service *s);
    /* In a coroutine, when stopping, before connections close. */
    void (*stop)(struct service *s);
    /* After the loop has ended, with everything closed but the loop itself: frees s->state. */
    void (*release)(struct service *s);
    const struct service_check *checks; /* extra /ready checks, .name == NULL ends */
    /* In the request's coroutine: the JWT a well-formed API token stands for, or ERR_TOKEN_INVALID.
     * auth-service's own; the others leave it NULL and ask auth-service. */
    enum err (*exchange_token)(struct req *r, struct str token, struct str *jwt);
    /* In the request's coroutine: the route table is about to refuse r->actor with why (403). May
     * be NULL. */
    void (*refused)(struct req *r, enum err why);
    /* Once a request has been answered; may not suspend. May be NULL. */
    void (*answered)(struct req *r, int status);
    const struct service_command *commands; /* .name == NULL ends; may be NULL */
};

struct service {
    const struct service_desc *desc;
    struct service_config config;
    void *own_config;    /* desc->config_size bytes */
    void *state;         /* the program's own, set by init */
    struct arena *arena; /* process lifetime */
    struct loop *loop;
    struct db *db; /* NULL until migrated */
    struct mq *mq;
    struct outbox_relay *relay;
    struct offload *offload;
    struct http_client *http;
    struct http_server *server;
    struct route_table *routes;
    struct jwt_keys *jwt, *service_jwt;
    bool is_ready, is_draining, is_production, is_development;
    struct service_private *priv;
};

/* Never returns before the program ends; the value is main's. Understands --check-config,
 * --print-config, --print-settings, --print-openapi, --migrate, --outbox, --healthcheck, --version,
 * --help, and the commands of desc. */
int service_main(int argc, char **argv, const struct service_desc *desc);

/* The service behind a request or delivery. */
struct service *req_service(const struct req *r);
/* A session for this request, created at first use. ERR_SERVICE_UNAVAILABLE while there is no
 * database (the reply gets Retry-After). */
MUST_CHECK enum err req_db(struct req *r, struct db_session **out);

/* Authorization header value for calls to other services ("Bearer …"), short-lived, cached. */
struct str service_authorization(struct service *s, struct arena *a);
/* Base URL of a fleet program: from the registry when it knows an instance, else configured. Valid
 * until the caller waits. */
struct str service_url(struct service *s, const char *name);
/* Base URL of a registry: of several, one that answered last. Who could not reach it says so. */
struct str service_registry_url(struct service *s);
void service_registry_failed(struct service *s, struct str url);

struct json;
/* The registry's records, valid during the call. On a stack of its own. */
typedef void (*service_directory_fn)(void *arg, const struct json *services);
/*
 * Tells of the registry's directory, as soon as it is known and within milliseconds of each change,
 * until the program stops. While no registry answers nothing is told: what was told last stays the
 * best there is. A registry without watches is looked at every poll_ms.
 */
void service_watch_directory(struct service *s, int poll_ms, service_directory_fn fn, void *arg);
/* The program's version, "0.1.0". */
const char *service_version(void);
/* Runs fn(s, arg) in a coroutine every interval_ms, never overlapping, while not draining. */
void service_every(struct service *s, int interval_ms, const char *name,
                   void (*fn)(struct service *s, void *arg), void *arg);
