#include "tls/identity.h"

#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl_ticket.h>

#include "mem.h"

#define TICKET_LIFE_S 86400

struct tls_identity {
    int refs;
    mbedtls_ssl_config config;
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
};

/* Of the process: tickets stay good when the certificate changes. */
static struct {
    bool is_ready;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_ticket_context tickets;
} shared;

static const int ciphersuites[] = {
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    0,
};
static const mbedtls_ecp_group_id curves[] = {
    MBEDTLS_ECP_DP_CURVE25519,
    MBEDTLS_ECP_DP_SECP256R1,
    MBEDTLS_ECP_DP_SECP384R1,
    MBEDTLS_ECP_DP_NONE,
};
static const char *alpn[] = {"http/1.1", NULL};

static void must(int rc)
{
    if (rc)
        abort();
}

static void prepare_shared(void)
{
    if (shared.is_ready)
        return;
    shared.is_ready = true;
    mbedtls_entropy_init(&shared.entropy);
    mbedtls_ctr_drbg_init(&shared.random);
    mbedtls_ssl_ticket_init(&shared.tickets);
    must(mbedtls_ctr_drbg_seed(&shared.random, mbedtls_entropy_func, &shared.entropy, NULL, 0));
    must(mbedtls_ssl_ticket_setup(&shared.tickets, mbedtls_ctr_drbg_random, &shared.random,
                                  MBEDTLS_CIPHER_AES_256_GCM, TICKET_LIFE_S));
}

static bool complain(FILE *err, const char *path, int rc)
{
    char why[128];
    if (rc > 0)
        snprintf(why, sizeof why, "%d of its certificates cannot be read", rc);
    else
        mbedtls_strerror(rc, why, sizeof why);
    fprintf(err, "%s: %s\n", path, why);
    return false;
}

static bool load(struct tls_identity *t, const char *certificate, const char *key, FILE *err)
{
    int rc = mbedtls_x509_crt_parse_file(&t->chain, certificate);
    if (rc)
        return complain(err, certificate, rc);
    rc = mbedtls_pk_parse_keyfile(&t->key, key, NULL);
    if (rc)
        return complain(err, key, rc);
    if (mbedtls_pk_check_pair(&t->chain.pk, &t->key) != 0) {
        fprintf(err, "%s: is not the key of the certificate in %s\n", key, certificate);
        return false;
    }
    rc = mbedtls_ssl_conf_own_cert(&t->config, &t->chain, &t->key);
    return rc ? complain(err, certificate, rc) : true;
}

struct tls_identity *tls_identity_load(const char *certificate, const char *key, FILE *err)
{
    prepare_shared();
    struct tls_identity *t = MEM_NEW(struct tls_identity);
    mbedtls_ssl_config *c = &t->config;
    t->refs = 1;
    mbedtls_ssl_config_init(c);
    mbedtls_x509_crt_init(&t->chain);
    mbedtls_pk_init(&t->key);
    must(mbedtls_ssl_config_defaults(c, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                     MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_rng(c, mbedtls_ctr_drbg_random, &shared.random);
    mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_ciphersuites(c, ciphersuites);
    mbedtls_ssl_conf_curves(c, curves);
    must(mbedtls_ssl_conf_alpn_protocols(c, alpn));
    mbedtls_ssl_conf_session_tickets_cb(c, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &shared.tickets);
    if (load(t, certificate, key, err))
        return t;
    tls_identity_unref(t);
    return NULL;
}

struct tls_identity *tls_identity_ref(struct tls_identity *t)
{
    t->refs++;
    return t;
}

void tls_identity_unref(struct tls_identity *t)
{
    if (!t || --t->refs)
        return;
    mbedtls_ssl_config_free(&t->config);
    mbedtls_x509_crt_free(&t->chain);
    mbedtls_pk_free(&t->key);
    free(t);
}

const mbedtls_ssl_config *tls_identity_config(const struct tls_identity *t)
{
    return &t->config;
}

int64_t tls_identity_not_after(const struct tls_identity *t)
{
    const mbedtls_x509_time *at = &t->chain.valid_to;
    struct tm tm = {.tm_year = at->year - 1900,
                    .tm_mon = at->mon - 1,
                    .tm_mday = at->day,
                    .tm_hour = at->hour,
                    .tm_min = at->min,
                    .tm_sec = at->sec};
    return timegm(&tm);
}
