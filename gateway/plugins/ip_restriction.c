/* ip-restriction: addresses and networks that may, or may not, send requests. */
#include <stddef.h>

#include "cidr.h"
#include "plugins/plugin.h"
#include "proxy/exchange.h"

struct ip_config {
    int line;
    struct conf_list allow, deny;
    int64_t status;
    struct str message;
    /* prepared */
    struct cidr_list allowed, denied;
};

#define AT(member) offsetof(struct ip_config, member)

/* clang-format off */
static const struct conf_field ip_fields[] = {
    {"allow", CONF_STR_LIST, AT(allow)},
    {"deny", CONF_STR_LIST, AT(deny)},
    {"status", CONF_INT, AT(status), 0, "403", 403, 403},
    {"message", CONF_STR, AT(message)},
};
/* clang-format on */
static CONF_SCHEMA(ip_schema, struct ip_config, ip_fields);

static void prepare_list(struct conf_decoder *d, int line, const struct conf_list *in,
                         struct cidr_list *out)
{
    out->items = ARENA_ARRAY(d->arena, struct cidr, in->count + 1);
    for (size_t i = 0; i < in->count; i++) {
        struct str text = ((const struct str *)in->items)[i];
        if (cidr_parse(text, &out->items[out->count]))
            out->count++;
        else
            problem_add(d->problems, line, "ip-restriction: \"%.*s\" is no address or network",
                        STR_ARG(text));
    }
}

static void ip_prepare(struct conf_decoder *d, struct kong_file *f, struct kong_plugin *p)
{
    (void)f;
    struct ip_config *c = p->config;
    if (!c->allow.count && !c->deny.count)
        problem_add(d->problems, c->line, "ip-restriction: allow or deny must list something");
    prepare_list(d, c->line, &c->allow, &c->allowed);
    prepare_list(d, c->line, &c->deny, &c->denied);
}

static enum plugin_verdict ip_access(struct exchange *x, const struct kong_plugin *p)
{
    const struct ip_config *c = p->config;
    bool is_denied = cidr_list_has(&c->denied, x->client_ip);
    bool is_missing = c->allowed.count && !cidr_list_has(&c->allowed, x->client_ip);
    if (!is_denied && !is_missing)
        return PLUGIN_NEXT;
    exchange_fail(x, ERR_FORBIDDEN,
                  c->message.len ? c->message.p : "Your IP address is not allowed");
    return PLUGIN_ANSWERED;
}

extern const struct plugin PLUGIN_IP_RESTRICTION;
const struct plugin PLUGIN_IP_RESTRICTION = {
    .name = "ip-restriction",
    .priority = 990,
    .schema = &ip_schema,
    .may_scope_consumer = true,
    .prepare = ip_prepare,
    .access = ip_access,
};
