/* request-size-limiting: 413 for bodies over a limit, by their announced length or while they come.
 */
#include <stddef.h>

#include "plugins/plugin.h"
#include "proxy/exchange.h"

struct size_config {
    int line;
    int64_t allowed_payload_size;
    struct str size_unit;
    bool require_content_length;
    /* prepared */
    int64_t max_bytes;
};

#define AT(member) offsetof(struct size_config, member)

/* clang-format off */
static const struct conf_field size_fields[] = {
    {"allowed_payload_size", CONF_INT, AT(allowed_payload_size), 0, "128", 0, 1 << 30},
    {"size_unit", CONF_STR, AT(size_unit), 0, "megabytes", 0, 0, "megabytes|kilobytes|bytes"},
    {"require_content_length", CONF_BOOL, AT(require_content_length), 0, "false"},
};
/* clang-format on */
static CONF_SCHEMA(size_schema, struct size_config, size_fields);

static void size_prepare(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p)
{
    (void)d, (void)f;
    struct size_config *c = p->config;
    c->max_bytes = c->allowed_payload_size;
    if (str_eq(c->size_unit, STR("megabytes")))
        c->max_bytes *= 1 << 20;
    else if (str_eq(c->size_unit, STR("kilobytes")))
        c->max_bytes *= 1 << 10;
}

static enum plugin_verdict size_access(struct exchange *x, const struct kong_plugin *p)
{
    const struct size_config *c = p->config;
    if (c->max_bytes && x->head.content_length > c->max_bytes) {
        exchange_fail(x, ERR_PAYLOAD_TOO_LARGE, "Request size limit exceeded");
        return PLUGIN_ANSWERED;
    }
    if (c->require_content_length && x->in.framing == HTTP_BODY_CHUNKED) {
        exchange_fail(x, ERR_LENGTH_REQUIRED, "A valid Content-Length header is required");
        return PLUGIN_ANSWERED;
    }
    /* A chunked body shows its size only as it passes. */
    x->max_body = c->max_bytes;
    return PLUGIN_NEXT;
}

extern const struct plugin PLUGIN_REQUEST_SIZE_LIMITING;
const struct plugin PLUGIN_REQUEST_SIZE_LIMITING = {
    .name = "request-size-limiting",
    .priority = 951,
    .schema = &size_schema,
    .may_scope_consumer = true,
    .prepare = size_prepare,
    .access = size_access,
};
