#pragma once
/* What the outside sees of an instance, on the documents' surface and on the canonical one. */
#include "domain/directory.h"
#include "json.h"

struct record_view {
    struct str name, host, port; /* port is raw JSON: a number or a string, as it was sent */
    struct str health_endpoint;
    int64_t last_health_check;
    struct str status;
    int64_t registered_at;
    struct str url, instance, version;
};
extern const struct json_schema RECORD_VIEW;
struct record_view record_view(struct arena *a, const struct instance *i);

struct registered_view {
    struct str message;
    struct record_view service;
};
extern const struct json_schema REGISTERED_VIEW;

struct record_list_view {
    int64_t count;
    struct json_array services; /* struct record_view */
};
extern const struct json_schema RECORD_LIST_VIEW;
struct record_list_view record_list_view(struct arena *a, const struct directory_list *l);

/* What watchers get: the list and its revision. */
struct directory_view {
    struct record_list_view records;
    int64_t revision;
};
extern const struct json_schema DIRECTORY_VIEW;

struct discovery_view {
    struct str name, url, host, port, status;
};
extern const struct json_schema DISCOVERY_VIEW;
struct discovery_view discovery_view(struct arena *a, const struct instance *i);

struct probe_view {
    struct str service, status;
    int64_t last_check;
    struct str details; /* raw JSON */
};
extern const struct json_schema PROBE_VIEW;

struct registry_health_view {
    struct str status, service, version;
    int64_t registered_services;
    double uptime; /* s */
};
extern const struct json_schema REGISTRY_HEALTH_VIEW;

struct status_view {
    int64_t revision;
    int8_t is_stale, is_listening, is_preserving; /* enum json_tristate */
    int64_t stale_s;
    int64_t instances, healthy, overdue, pending, streams, polls;
    double uptime; /* s */
};
extern const struct json_schema STATUS_VIEW;

struct message_view {
    struct str message;
};
extern const struct json_schema MESSAGE_VIEW;

/* canonical */
struct service_view {
    struct str name;
    int64_t healthy;
    struct json_array instances;
};
extern const struct json_schema SERVICE_VIEW;

struct service_list_view {
    int64_t count, revision;
    struct json_array services; /* struct service_view */
};
extern const struct json_schema SERVICE_LIST_VIEW;
/* Groups a list that is ordered by name. */
struct json_array service_views(struct arena *a, const struct directory_list *l);
