#include "tls/tls.h"

#include <stdlib.h>

#include "gateway.h"
#include "log.h"
#include "metrics.h"
#include "service.h"
#include "tls/identity.h"

static struct metric not_after = {
    .name = "gateway_tls_certificate_not_after_seconds",
    .help = "When the certificate in use ends, as Unix time.",
    .kind = METRIC_GAUGE,
};

static struct tls_identity *load(const struct gateway_settings *s, FILE *err)
{
    struct arena *a = arena_new();
    struct tls_identity *t =
        tls_identity_load(str_cstr(a, s->tls_cert_file), str_cstr(a, s->tls_key_file), err);
    arena_free(a);
    return t;
}

static bool is_pair(const struct gateway_settings *s, FILE *err)
{
    bool ok = !s->tls_cert_file.len == !s->tls_key_file.len;
    if (!ok)
        fprintf(err, "TLS_CERT_FILE and TLS_KEY_FILE are set together or not at all\n");
    return ok;
}

bool tls_check(const struct gateway_settings *s, FILE *err)
{
    if (!is_pair(s, err))
        return false;
    if (!s->tls_cert_file.len)
        return true;
    struct tls_identity *t = load(s, err);
    bool ok = t != NULL;
    tls_identity_unref(t);
    return ok;
}

static void use(struct gateway *gw, struct tls_identity *t)
{
    tls_identity_unref(gw->tls);
    gw->tls = t;
    metric_set(metric_series(&not_after, NULL), (double)tls_identity_not_after(t));
}

bool tls_load(struct gateway *gw, FILE *err)
{
    if (!is_pair(gw->settings, err))
        return false;
    if (!gw->settings->tls_cert_file.len) {
        log_info("no TLS: TLS_CERT_FILE is not set");
        return true;
    }
    struct tls_identity *t = load(gw->settings, err);
    if (t)
        use(gw, t);
    return t != NULL;
}

void tls_reload(struct gateway *gw)
{
    if (!gw->tls)
        return;
    char *problem = NULL;
    size_t size = 0;
    FILE *err = open_memstream(&problem, &size);
    struct tls_identity *next = load(gw->settings, err);
    fclose(err);
    if (next) {
        use(gw, next);
        log_info("certificate loaded");
    } else {
        log_error("certificate refused", LOG_STR("problem", str_trim(str_n(problem, size))));
    }
    free(problem);
}

void tls_release(struct gateway *gw)
{
    tls_identity_unref(gw->tls);
    gw->tls = NULL;
}
