#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "encode.h"
#include "internal.h"
#include "log.h"

#define DB_POOL_DEFAULT 4
#define AT(member) offsetof(struct service_config, member)
#define JWT_SECRET_MIN 32 /* bytes, as many as HS256 yields (RFC 7518, 3.2) */
#define DEV_SECRET "dev-secret-change-me-dev-secret-change-me"

const struct setting SERVICE_SETTINGS[] = {
    {"PORT", NULL, SETTING_PORT, AT(port), NULL, 0,
     "TCP port to listen on; the program's documented port by default"},
    {"BIND", NULL, SETTING_STR, AT(bind), "127.0.0.1", 0, "address to listen on"},
    {"DB_URL", "DATABASE_URL", SETTING_URL, AT(db_url), NULL, SETTING_SECRET,
     "PostgreSQL URL; wins over DB_HOST and its kin", .choices = "postgres|postgresql"},
    {"DB_HOST", NULL, SETTING_STR, AT(db_host), "127.0.0.1", 0, "PostgreSQL host"},
    {"DB_PORT", NULL, SETTING_PORT, AT(db_port), "5433", 0, "PostgreSQL port"},
    {"DB_USER", NULL, SETTING_STR, AT(db_user), NULL, 0,
     "PostgreSQL role; the program's own role by default"},
    {"DB_PASSWORD", NULL, SETTING_STR, AT(db_password), NULL, SETTING_SECRET,
     "password of the role; the role's name by default outside production"},
    {"DB_NAME", NULL, SETTING_STR, AT(db_name), "tts", 0, "database"},
    {"DB_SSL_MODE", NULL, SETTING_ENUM, AT(db_ssl_mode), "prefer", 0, "TLS to PostgreSQL",
     .choices = "disable|allow|prefer|require|verify-ca|verify-full"},
    {"DB_SSL_ROOT_CERT", NULL, SETTING_STR, AT(db_ssl_root_cert), NULL, 0,
     "PEM file of who signs PostgreSQL's certificate, for verify-ca and verify-full"},
    {"DB_POOL_SIZE", NULL, SETTING_INT, AT(db_pool), NULL, 0,
     "connections for writes and transactions; as many as the program wants by default", .min = 1,
     .max = 100},
    {"DB_READ_CONNECTIONS", NULL, SETTING_INT, AT(db_read_connections), "1", 0,
     "pipelined connections for reads; 0: reads use the pool", .min = 0, .max = 16},
    {"AMQP_URL", "RABBITMQ_URL|CELERY_BROKER_URL", SETTING_URL, AT(amqp_url),
     "amqp://guest:guest@127.0.0.1:5672//", SETTING_SECRET | SETTING_NOT_DEFAULT, "RabbitMQ URL",
     .choices = "amqp|amqps"},
    {"AMQP_CA_FILE", NULL, SETTING_STR, AT(amqp_ca_file), NULL, 0,
     "PEM file of who signs RabbitMQ's certificate, for amqps; those the system trusts by default"},
    {"REGISTRY_URL", NULL, SETTING_URL, AT(registry_urls), "http://127.0.0.1:3003", SETTING_LIST,
     "registry-service, several separated by commas; empty: no registration",
     .choices = "http|https"},
    {"AUTH_SERVICE_URL", "DJANGO_AUTH_SERVICE_URL", SETTING_URL, AT(auth_service_url),
     "http://127.0.0.1:8003", 0, "auth-service", .choices = "http|https"},
    {"HELPDESK_SERVICE_URL", NULL, SETTING_URL, AT(helpdesk_service_url), "http://127.0.0.1:5001",
     0, "helpdesk-service", .choices = "http|https"},
    {"WORKFLOW_SERVICE_URL", "TTS_WORKFLOW_URL|DJANGO_TTS_SERVICE_URL", SETTING_URL,
     AT(workflow_service_url), "http://127.0.0.1:1001", 0, "workflow-service",
     .choices = "http|https"},
    {"MESSAGING_SERVICE_URL", NULL, SETTING_URL, AT(messaging_service_url), "http://127.0.0.1:1002",
     0, "messaging-service", .choices = "http|https"},
    {"NOTIFICATION_SERVICE_URL", "DJANGO_NOTIFICATION_SERVICE_URL", SETTING_URL,
     AT(notification_service_url), "http://127.0.0.1:1003", 0, "notification-service",
     .choices = "http|https"},
    {"JWT_SECRET", NULL, SETTING_STR, AT(jwt_secret), DEV_SECRET,
     SETTING_SECRET | SETTING_NOT_DEFAULT, "signs and verifies tokens; the same in every program"},
    {"JWT_PREVIOUS_SECRETS", NULL, SETTING_STR, AT(jwt_previous_secrets), NULL, SETTING_SECRET,
     "comma-separated secrets that still verify, for rotation"},
    {"JWT_EXPIRY", NULL, SETTING_DURATION, AT(jwt_expiry_s), "1h", 0, "life of an access token",
     .min = 60, .max = 7 * 86400},
    {"SERVICE_SECRET", NULL, SETTING_STR, AT(service_secret), NULL, SETTING_SECRET,
     "signs tokens between programs; JWT_SECRET by default"},
    {"ALLOWED_ORIGINS", NULL, SETTING_STR, AT(allowed_origins),
     "http://localhost:1000,http://localhost:5000,http://localhost:5173,http://"
     "localhost:3000,http://localhost:8080",
     0, "comma-separated origins that browsers may call from"},
    {"LOG_LEVEL", NULL, SETTING_ENUM, AT(log_level), "info", SETTING_RELOADABLE,
     "least severe level that is logged", .choices = "debug|info|warn|error"},
    {"ENVIRONMENT", "ENV", SETTING_ENUM, AT(environment), "development", 0,
     "production refuses default secrets; demo data exist in development only",
     .choices = "development|test|staging|production"},
    {"WORKERS", NULL, SETTING_INT, AT(workers), "1", 0, "processes sharing the port", .min = 1,
     .max = 64},
    {"MAX_BODY_BYTES", NULL, SETTING_SIZE, AT(max_body_bytes), "1m", 0,
     "largest request body of ordinary routes", .min = 1024, .max = 1LL << 40},
    {"REQUEST_TIMEOUT_MS", NULL, SETTING_INT, AT(request_timeout_ms), "30000", 0,
     "deadline of a request", .min = 100, .max = 600000},
    {"DRAIN_DELAY_MS", NULL, SETTING_INT, AT(drain_delay_ms), "0", 0,
     "between becoming unready and closing the listener", .min = 0, .max = 60000},
    {"ADVERTISE_HOST", NULL, SETTING_STR, AT(advertise_host), "127.0.0.1", 0,
     "host under which the registry announces this program"},
    {"TRUSTED_PROXIES", NULL, SETTING_STR, AT(trusted_proxies), "127.0.0.1,::1", 0,
     "comma-separated addresses whose X-Forwarded-For is believed"},
    {"OTEL_SDK_DISABLED", NULL, SETTING_BOOL, AT(otel.is_disabled), "false", 0,
     "no traces, whatever the others say"},
    {"OTEL_TRACES_EXPORTER", NULL, SETTING_ENUM, AT(otel.exporter), "otlp", 0,
     "where traces go; otlp: to the collector that an endpoint names, if one does",
     .choices = "otlp|none"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT", NULL, SETTING_URL, AT(otel.endpoint), NULL, 0,
     "OpenTelemetry collector (OTLP over HTTP); traces go to v1/traces below it",
     .choices = "http|https"},
    {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", NULL, SETTING_URL, AT(otel.traces_endpoint), NULL, 0,
     "the same for traces only, as it stands", .choices = "http|https"},
    {"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", SETTING_ENUM,
     AT(otel.protocol), "http/json", 0, "form of what is sent", .choices = "http/json"},
    {"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", SETTING_STR,
     AT(otel.headers), NULL, SETTING_SECRET, "name=value pairs sent along, separated by commas"},
    {"OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", SETTING_INT,
     AT(otel.timeout_ms), "10000", 0, "milliseconds that sending a batch may take", .min = 100,
     .max = 60000},
    {"OTEL_SERVICE_NAME", NULL, SETTING_STR, AT(otel.service_name), NULL, 0,
     "name in traces; the program's own by default"},
    {"OTEL_RESOURCE_ATTRIBUTES", NULL, SETTING_STR, AT(otel.resource_attributes), NULL, 0,
     "key=value pairs that describe the process, separated by commas"},
    {"OTEL_TRACES_SAMPLER", NULL, SETTING_ENUM, AT(otel.sampler), "parentbased_always_on", 0,
     "which traces are recorded",
     .choices = "always_on|always_off|traceidratio|parentbased_always_on|parentbased_always_off|"
                "parentbased_traceidratio"},
    {"OTEL_TRACES_SAMPLER_ARG", NULL, SETTING_STR, AT(otel.sampler_arg), NULL, 0,
     "share of the traces that a ratio sampler records, 0 to 1; 1 by default"},
    {"OTEL_BSP_SCHEDULE_DELAY", NULL, SETTING_INT, AT(otel.delay_ms), "5000", 0,
     "milliseconds that a finished span waits at most before it is sent", .min = 10, .max = 60000},
    {"OTEL_BSP_MAX_QUEUE_SIZE", NULL, SETTING_INT, AT(otel.queue_size), "2048", 0,
     "finished spans that wait at most; more are dropped and counted", .min = 1, .max = 65536},
    {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", NULL, SETTING_INT, AT(otel.batch_size), "512", 0,
     "spans sent together at most", .min = 1, .max = 8192},
};
const size_t SERVICE_SETTING_COUNT = sizeof SERVICE_SETTINGS / sizeof SERVICE_SETTINGS[0];

size_t settings_tables(struct service *s, struct setting_table out[2])
{
    out[0] = (struct setting_table){SERVICE_SETTINGS, SERVICE_SETTING_COUNT, &s->config};
    size_t n = 0;
    if (s->desc->settings)
        while (s->desc->settings[n].name)
            n++;
    out[1] = (struct setting_table){s->desc->settings, n, s->own_config};
    return n ? 2 : 1;
}

struct str settings_db_url(struct service *s)
{
    const struct service_config *c = &s->config;
    if (c->db_url.len)
        return c->db_url;
    struct str user = c->db_user.len ? c->db_user : str_from(s->desc->schema);
    struct str password = c->db_password.p ? c->db_password : user;
    struct buf b;
    buf_init(&b, s->arena);
    BUF_LIT(&b, "postgresql://");
    percent_encode(&b, user);
    buf_add_char(&b, ':');
    percent_encode(&b, password);
    buf_printf(&b, "@%.*s:%lld/", STR_ARG(c->db_host), (long long)c->db_port);
    percent_encode(&b, c->db_name);
    buf_printf(&b, "?sslmode=%.*s", STR_ARG(c->db_ssl_mode));
    if (c->db_ssl_root_cert.len) {
        BUF_LIT(&b, "&sslrootcert=");
        percent_encode(&b, c->db_ssl_root_cert);
    }
    return str_from(buf_cstr(&b));
}

static bool refuse(const char *variable, const char *why)
{
    fprintf(stderr, "config: %s %s\n", variable, why);
    return false;
}

/* The account that everybody knows; RabbitMQ itself lets it in from its own machine only. */
static bool is_guest_elsewhere(struct str url)
{
    ptrdiff_t at = str_find(url, STR("://guest:guest@"));
    if (at < 0)
        return false;
    struct str host = str_slice(url, (size_t)at + STR("://guest:guest@").len, url.len);
    return !str_has_prefix(host, STR("localhost")) && !str_has_prefix(host, STR("127.")) &&
           !str_has_prefix(host, STR("[::1]"));
}

/* What is fit for a machine of one's own only. */
static bool is_fit_for_production(const struct service *s)
{
    const struct service_config *c = &s->config;
    bool ok = true;
    if (s->desc->schema && !c->db_url.len) {
        struct str user = c->db_user.len ? c->db_user : str_from(s->desc->schema);
        if (!c->db_password.p)
            ok = refuse("DB_PASSWORD", "is required in production unless DB_URL is set");
        else if (str_eq(c->db_password, user))
            ok = refuse("DB_PASSWORD", "must not be the role's name in production");
    }
    if (c->jwt_secret.len < JWT_SECRET_MIN)
        ok = refuse("JWT_SECRET", "must have at least 32 characters in production");
    if (is_guest_elsewhere(c->amqp_url))
        ok = refuse("AMQP_URL", "must not use the account guest of another machine in production");
    return ok;
}

void settings_load(struct service *s)
{
    struct setting_table tables[2];
    size_t n = settings_tables(s, tables);
    bool ok = config_load(tables, n, s->arena, stderr);
    s->is_production = str_eq(s->config.environment, STR("production"));
    s->is_development = str_eq(s->config.environment, STR("development"));
    if (ok && s->is_production)
        ok = is_fit_for_production(s);
    if (ok)
        ok = traces_check(&s->config.otel, stderr);
    if (!ok)
        exit(EX_CONFIG);
    struct str urls = s->config.registry_urls, first;
    if (str_next(&urls, ',', &first))
        s->config.registry_url = str_trim(first);
    if (!getenv("PORT"))
        s->config.port = s->desc->default_port;
    if (!s->config.db_pool)
        s->config.db_pool = s->desc->default_db_pool ? s->desc->default_db_pool : DB_POOL_DEFAULT;
}
