/* Registering, renewing and leaving. */
#include "actor.h"
#include "api/handlers.h"
#include "api/view.h"
#include "clock.h"
#include "sync/registry.h"

#define AT(member) offsetof(struct register_body, member)
static const struct json_field REGISTER_FIELDS[] = {
    {"name", JK_STR, AT(name), JF_REQUIRED | JF_NON_EMPTY, .doc = "of the service"},
    {"host", JK_STR, AT(host), JF_REQUIRED | JF_NON_EMPTY},
    {"port", JK_ANY, AT(port), JF_REQUIRED, .doc = "a number, or a string of digits"},
    {"healthEndpoint", JK_STR, AT(health_endpoint), .doc = "default /health"},
    {"instance", JK_STR, AT(instance), 0, 0, 200, .doc = "default host:port"},
    {"version", JK_STR, AT(version), 0, 0, 100},
};
JSON_SCHEMA(REGISTER_BODY, "RegisterRequest", struct register_body, REGISTER_FIELDS);

static const struct json_field RENEW_FIELDS[] = {
    {"name", JK_STR, offsetof(struct renew_body, name), JF_REQUIRED | JF_NON_EMPTY},
    {"instance", JK_STR, offsetof(struct renew_body, instance), JF_REQUIRED | JF_NON_EMPTY},
};
JSON_SCHEMA(RENEW_BODY, "RenewRequest", struct renew_body, RENEW_FIELDS);

static bool is_loopback(struct str address)
{
    return str_has_prefix(address, STR("127.")) || str_eq(address, STR("::1"));
}

/* Programs of the fleet prove themselves by a service token. Those of the documents have none: they
 * are accepted in development, and outside production from this very machine. */
static enum err check_caller(struct req *r)
{
    const struct service *s = req_service(r);

    if (actor_is_service(r->actor) || s->is_development)
        return ERR_OK;
    if (!s->is_production && is_loopback(r->peer))
        return ERR_OK;
    return r->actor ? ERR_FORBIDDEN : ERR_UNAUTHENTICATED;
}

/* True when the value is a port or the digits of one. */
static bool read_port(const struct json *value, struct instance *i)
{
    i->port_is_text = json_type(value) == JSON_STRING;
    if (i->port_is_text ? !str_to_i64(json_str(value), &i->port) : !json_int(value, &i->port))
        return false;
    return i->port >= 1 && i->port <= 65535;
}

static void note_problem(struct req *r, const char *field, const char *problem)
{
    if (problem)
        req_field_error(r, field, problem);
}

static enum err read_instance(struct req *r, struct instance *i)
{
    const struct register_body *body = r->body;

    *i = (struct instance){
        .name = str_trim(body->name),
        .host = str_trim(body->host),
        .health_endpoint =
            str_is_empty(body->health_endpoint) ? STR("/health") : body->health_endpoint,
        .version = body->version.p ? body->version : STR(""),
    };
    if (json_type(body->port) == JSON_STRING && str_is_empty(str_trim(json_str(body->port))))
        return ERR_INVALID_INPUT;
    note_problem(r, "port", read_port(body->port, i) ? NULL : "must be 1 to 65535");
    note_problem(r, "name", instance_name_problem(i->name));
    note_problem(r, "host", instance_host_problem(i->host));
    note_problem(r, "healthEndpoint", instance_endpoint_problem(i->health_endpoint));
    if (req_has_field_errors(r))
        return ERR_VALIDATION_ERROR;
    i->id = str_is_empty(body->instance) ? instance_default_id(r->arena, i->host, i->port)
                                         : body->instance;
    return ERR_OK;
}

enum err CO_FN lease_register(struct req *r)
{
    struct instance i;
    struct registered_view view = {.message = STR("Service registered successfully")};
    enum err rc = check_caller(r);

    if (rc == ERR_OK)
        rc = read_instance(r, &i);
    if (rc == ERR_OK)
        rc = registry_register(registry_of(req_service(r)), r->arena, &i);
    if (rc)
        return rc;
    view.service = record_view(r->arena, &i);
    return req_reply_json(r, 201, &REGISTERED_VIEW, &view);
}

enum err CO_FN lease_renew(struct req *r)
{
    const struct renew_body *body = r->body;
    enum err rc = check_caller(r);

    if (rc == ERR_OK)
        rc = registry_renew(registry_of(req_service(r)), r->arena, body->name, body->instance);
    if (rc)
        return rc;
    return req_reply_json(r, 200, &MESSAGE_VIEW,
                          &(struct message_view){STR("Lease renewed successfully")});
}

enum err CO_FN lease_deregister(struct req *r)
{
    struct str id = req_query(r, "instance");
    enum err rc = check_caller(r);

    if (rc == ERR_OK)
        rc = registry_deregister(registry_of(req_service(r)), r->arena, req_param(r, "name"),
                                 str_is_empty(id) ? STR_NULL : id);
    if (rc)
        return rc;
    return req_reply_json(r, 200, &MESSAGE_VIEW,
                          &(struct message_view){STR("Service deregistered successfully")});
}
