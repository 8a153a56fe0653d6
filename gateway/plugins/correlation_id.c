/* correlation-id: a header that names the request, created when the client sends none. */
#include <stddef.h>

#include "plugins/plugin.h"
#include "proxy/exchange.h"

struct correlation_config {
    int line;
    struct str header_name, generator;
    bool echo_downstream;
};

#define AT(member) offsetof(struct correlation_config, member)

/* clang-format off */
static const struct conf_field correlation_fields[] = {
    {"header_name", CONF_STR, AT(header_name), CONF_NON_EMPTY, "Kong-Request-ID"},
    {"generator", CONF_STR, AT(generator), 0, "uuid#counter", 0, 0, "uuid|uuid#counter|tracker"},
    {"echo_downstream", CONF_BOOL, AT(echo_downstream), 0, "false"},
};
/* clang-format on */
static CONF_SCHEMA(correlation_schema, struct correlation_config, correlation_fields);

/* X-Request-ID is the gateway's own and always there; another header repeats it, numbered if asked.
 */
static enum plugin_verdict correlation_access(struct exchange *x, const struct kong_plugin *p)
{
    static uint64_t counter;
    const struct correlation_config *c = p->config;
    if (str_ieq(c->header_name, STR("x-request-id")))
        return PLUGIN_NEXT;
    struct str id = headers_get(&x->request, c->header_name);
    if (!id.len) {
        id = x->trace.request_id;
        if (str_eq(c->generator, STR("uuid#counter")))
            id = str_printf(x->arena, "%.*s#%llu", STR_ARG(id), (unsigned long long)++counter);
        headers_set(x->arena, &x->request, c->header_name, id);
    }
    if (c->echo_downstream)
        exchange_set_response_header(x, c->header_name, id);
    return PLUGIN_NEXT;
}

extern const struct plugin PLUGIN_CORRELATION_ID;
const struct plugin PLUGIN_CORRELATION_ID = {
    .name = "correlation-id",
    .priority = 100001,
    .schema = &correlation_schema,
    .may_scope_consumer = true,
    .access = correlation_access,
};
