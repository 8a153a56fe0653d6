#include "proxy/spans.h"

#include "clock.h"
#include "proxy/exchange.h"
#include "trace.h"

static struct log_context context_of(const struct exchange *x, const char *span_id,
                                     const char *parent_id)
{
    return (struct log_context){.trace_id = str_n(x->trace.trace_id, TRACE_ID_LEN),
                                .span_id = str_n(span_id, SPAN_ID_LEN),
                                .parent_id = str_from(parent_id),
                                .trace_state = x->trace.state};
}

/* What is wrong with a response, by its status; NULL when nothing is. */
static const char *error_of(const struct exchange *x, int status, int least)
{
    if (status && status < least && !x->is_fault)
        return NULL;
    return x->failure ? x->failure : "";
}

void spans_end_hop(struct exchange *x)
{
    struct trace *t = &x->trace;
    if (!t->hop_us)
        return;
    int status = x->is_response_begun && !x->is_local ? x->status : 0;
    struct log_context log = context_of(x, t->hop_id, t->span_id);
    const struct span s = {.kind = SPAN_CLIENT,
                           .name = x->head.method,
                           .log = &log,
                           .duration_us = clock_mono_us() - t->hop_us,
                           .error = error_of(x, status, 400)};
    const struct log_field fields[] = {
        LOG_STR("http.request.method", x->head.method),
        LOG_STR("kong.service", x->route->service->name),
        LOG_CSTR("server.address", x->tried_count ? x->tried[x->tried_count - 1]->text : ""),
        LOG_I("http.request.resend_count", (int64_t)x->tried_count - 1),
        LOG_I("http.response.status_code", status),
    };
    trace_record(&s, fields, sizeof fields / sizeof fields[0]);
    t->hop_us = 0;
}

void spans_end_request(struct exchange *x)
{
    struct trace *t = &x->trace;
    if (!t->is_recorded)
        return;
    struct str route = x->route ? kong_route_label(x->route) : STR_NULL;
    struct log_context log = context_of(x, t->span_id, t->parent_id);
    const struct span s = {.kind = SPAN_SERVER,
                           .name = route.len ? str_printf(x->arena, "%.*s %.*s",
                                                          STR_ARG(x->head.method), STR_ARG(route))
                                             : STR("HTTP"),
                           .log = &log,
                           .duration_us = clock_mono_us() - x->begun_us,
                           .error = error_of(x, x->status, 500)};
    const struct log_field fields[] = {
        LOG_STR("http.request.method", x->head.method),
        LOG_STR("http.route", route),
        LOG_I("http.response.status_code", x->status),
        LOG_I("http.request.body.size", x->in.received),
        LOG_I("http.response.body.size", x->is_local ? x->response_bytes : x->out.received),
        LOG_CSTR("url.scheme", x->is_https ? "https" : "http"),
        LOG_STR("client.address", x->client_ip),
        LOG_STR("tts.request_id", t->request_id),
        LOG_I("tts.user_id", x->identity.user_id),
    };
    trace_record(&s, fields, sizeof fields / sizeof fields[0]);
    t->is_recorded = false;
}
