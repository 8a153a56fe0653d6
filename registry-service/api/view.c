#include "api/view.h"

#include <inttypes.h>

#include "arena.h"

#define RECORD_AT(member) offsetof(struct record_view, member)
static const struct json_field RECORD_FIELDS[] = {
    {"name", JK_STR, RECORD_AT(name)},
    {"host", JK_STR, RECORD_AT(host)},
    {"port", JK_RAW, RECORD_AT(port), .doc = "number or string, as it was registered"},
    {"healthEndpoint", JK_STR, RECORD_AT(health_endpoint)},
    {"lastHealthCheck", JK_TIME, RECORD_AT(last_health_check), JF_MS},
    {"status", JK_STR, RECORD_AT(status), .doc = "healthy or unhealthy"},
    {"registeredAt", JK_TIME, RECORD_AT(registered_at), JF_MS},
    {"url", JK_STR, RECORD_AT(url)},
    {"instance", JK_STR, RECORD_AT(instance)},
    {"version", JK_STR, RECORD_AT(version)},
};
JSON_SCHEMA(RECORD_VIEW, "ServiceRecord", struct record_view, RECORD_FIELDS);

static struct str port_text(struct arena *a, const struct instance *i)
{
    return str_printf(a, i->port_is_text ? "\"%" PRId64 "\"" : "%" PRId64, i->port);
}

struct record_view record_view(struct arena *a, const struct instance *i)
{
    return (struct record_view){
        .name = i->name,
        .host = i->host,
        .port = port_text(a, i),
        .health_endpoint = i->health_endpoint,
        .last_health_check = i->last_health_check,
        .status = instance_status(i),
        .registered_at = i->registered_at,
        .url = instance_url(a, i),
        .instance = i->id,
        .version = i->version,
    };
}

static const struct json_field REGISTERED_FIELDS[] = {
    {"message", JK_STR, offsetof(struct registered_view, message)},
    {"service", JK_OBJECT, offsetof(struct registered_view, service), .sub = &RECORD_VIEW},
};
JSON_SCHEMA(REGISTERED_VIEW, "Registered", struct registered_view, REGISTERED_FIELDS);

static const struct json_field RECORD_LIST_FIELDS[] = {
    {"count", JK_INT, offsetof(struct record_list_view, count)},
    {"services", JK_ARRAY, offsetof(struct record_list_view, services), .sub = &RECORD_VIEW},
};
JSON_SCHEMA(RECORD_LIST_VIEW, "ServiceRecordList", struct record_list_view, RECORD_LIST_FIELDS);

struct record_list_view record_list_view(struct arena *a, const struct directory_list *l)
{
    struct record_view *views = ARENA_ARRAY(a, struct record_view, l->count);

    for (size_t i = 0; i < l->count; i++)
        views[i] = record_view(a, l->items[i]);
    return (struct record_list_view){(int64_t)l->count, {views, l->count}};
}

#define DIRECTORY_AT(member) offsetof(struct directory_view, member)
static const struct json_field DIRECTORY_FIELDS[] = {
    {"count", JK_INT, DIRECTORY_AT(records.count)},
    {"revision", JK_INT, DIRECTORY_AT(revision), .doc = "since of the next call"},
    {"services", JK_ARRAY, DIRECTORY_AT(records.services), .sub = &RECORD_VIEW},
};
JSON_SCHEMA(DIRECTORY_VIEW, "Directory", struct directory_view, DIRECTORY_FIELDS);

static const struct json_field DISCOVERY_FIELDS[] = {
    {"name", JK_STR, offsetof(struct discovery_view, name)},
    {"url", JK_STR, offsetof(struct discovery_view, url)},
    {"host", JK_STR, offsetof(struct discovery_view, host)},
    {"port", JK_RAW, offsetof(struct discovery_view, port)},
    {"status", JK_STR, offsetof(struct discovery_view, status)},
};
JSON_SCHEMA(DISCOVERY_VIEW, "Discovery", struct discovery_view, DISCOVERY_FIELDS);

struct discovery_view discovery_view(struct arena *a, const struct instance *i)
{
    return (struct discovery_view){i->name, instance_url(a, i), i->host, port_text(a, i),
                                   instance_status(i)};
}

static const struct json_field PROBE_FIELDS[] = {
    {"service", JK_STR, offsetof(struct probe_view, service)},
    {"status", JK_STR, offsetof(struct probe_view, status)},
    {"lastCheck", JK_TIME, offsetof(struct probe_view, last_check), JF_MS},
    {"details", JK_RAW, offsetof(struct probe_view, details)},
};
JSON_SCHEMA(PROBE_VIEW, "Probe", struct probe_view, PROBE_FIELDS);

static const struct json_field HEALTH_FIELDS[] = {
    {"status", JK_STR, offsetof(struct registry_health_view, status)},
    {"service", JK_STR, offsetof(struct registry_health_view, service)},
    {"version", JK_STR, offsetof(struct registry_health_view, version)},
    {"registeredServices", JK_INT, offsetof(struct registry_health_view, registered_services)},
    {"uptime", JK_NUMBER, offsetof(struct registry_health_view, uptime)},
};
JSON_SCHEMA(REGISTRY_HEALTH_VIEW, "RegistryHealth", struct registry_health_view, HEALTH_FIELDS);

#define STATUS_AT(member) offsetof(struct status_view, member)
static const struct json_field STATUS_FIELDS[] = {
    {"revision", JK_INT, STATUS_AT(revision)},
    {"stale", JK_BOOL, STATUS_AT(is_stale), .doc = "the table has not been seen for a while"},
    {"stale_seconds", JK_INT, STATUS_AT(stale_s)},
    {"listening", JK_BOOL, STATUS_AT(is_listening), .doc = "the database tells of changes"},
    {"preserving", JK_BOOL, STATUS_AT(is_preserving), .doc = "most are overdue: no lease ends"},
    {"instances", JK_INT, STATUS_AT(instances)},
    {"healthy", JK_INT, STATUS_AT(healthy)},
    {"overdue", JK_INT, STATUS_AT(overdue), .doc = "not renewed in time"},
    {"pending", JK_INT, STATUS_AT(pending), .doc = "changes not yet written to the table"},
    {"streams", JK_INT, STATUS_AT(streams)},
    {"polls", JK_INT, STATUS_AT(polls)},
    {"uptime", JK_NUMBER, STATUS_AT(uptime), .doc = "seconds"},
};
JSON_SCHEMA(STATUS_VIEW, "RegistryStatus", struct status_view, STATUS_FIELDS);

static const struct json_field MESSAGE_FIELDS[] = {
    {"message", JK_STR, offsetof(struct message_view, message)},
};
JSON_SCHEMA(MESSAGE_VIEW, "Message", struct message_view, MESSAGE_FIELDS);

/* ---- canonical ----------------------------------------------------------------------------- */

struct instance_view {
    struct str instance, host;
    int64_t port;
    struct str url, status, version;
    int64_t registered_at, renewed_at, lease_expires_at, last_health_check;
};
#define INSTANCE_AT(member) offsetof(struct instance_view, member)
static const struct json_field INSTANCE_FIELDS[] = {
    {"instance", JK_STR, INSTANCE_AT(instance)},
    {"host", JK_STR, INSTANCE_AT(host)},
    {"port", JK_INT, INSTANCE_AT(port)},
    {"url", JK_STR, INSTANCE_AT(url)},
    {"status", JK_STR, INSTANCE_AT(status)},
    {"version", JK_STR, INSTANCE_AT(version)},
    {"registered_at", JK_TIME, INSTANCE_AT(registered_at)},
    {"renewed_at", JK_TIME, INSTANCE_AT(renewed_at)},
    {"lease_expires_at", JK_TIME, INSTANCE_AT(lease_expires_at)},
    {"last_health_check", JK_TIME, INSTANCE_AT(last_health_check)},
};
static JSON_SCHEMA(INSTANCE_VIEW, "Instance", struct instance_view, INSTANCE_FIELDS);

static const struct json_field SERVICE_FIELDS[] = {
    {"name", JK_STR, offsetof(struct service_view, name)},
    {"healthy", JK_INT, offsetof(struct service_view, healthy), .doc = "healthy instances"},
    {"instances", JK_ARRAY, offsetof(struct service_view, instances), .sub = &INSTANCE_VIEW},
};
JSON_SCHEMA(SERVICE_VIEW, "Service", struct service_view, SERVICE_FIELDS);

static const struct json_field SERVICE_LIST_FIELDS[] = {
    {"count", JK_INT, offsetof(struct service_list_view, count)},
    {"revision", JK_INT, offsetof(struct service_list_view, revision)},
    {"services", JK_ARRAY, offsetof(struct service_list_view, services), .sub = &SERVICE_VIEW},
};
JSON_SCHEMA(SERVICE_LIST_VIEW, "ServiceList", struct service_list_view, SERVICE_LIST_FIELDS);

static struct instance_view instance_view(struct arena *a, const struct instance *i)
{
    return (struct instance_view){
        .instance = i->id,
        .host = i->host,
        .port = i->port,
        .url = instance_url(a, i),
        .status = instance_status(i),
        .version = i->version,
        .registered_at = i->registered_at,
        .renewed_at = i->renewed_at,
        .lease_expires_at = i->lease_until,
        .last_health_check = i->last_health_check,
    };
}

struct json_array service_views(struct arena *a, const struct directory_list *l)
{
    struct service_view *services = ARENA_ARRAY(a, struct service_view, l->count);
    struct instance_view *instances = ARENA_ARRAY(a, struct instance_view, l->count);
    size_t n = 0;

    for (size_t i = 0; i < l->count; i++) {
        instances[i] = instance_view(a, l->items[i]);
        if (n == 0 || !str_eq(services[n - 1].name, l->items[i]->name))
            services[n++] = (struct service_view){l->items[i]->name, 0, {&instances[i], 0}};
        services[n - 1].instances.count++;
        services[n - 1].healthy += l->items[i]->is_healthy;
    }
    return (struct json_array){services, n};
}
