#pragma once
/*
 * What the gateway shows TLS clients: a certificate chain with its key, TLS 1.2, forward secrecy
 * and authenticated encryption only, session tickets. mbedTLS 2.28 serves no TLS 1.3.
 */
#include <stdio.h>

#include <mbedtls/ssl.h>

struct tls_identity;

/* PEM files; NULL with a line on err when they are missing, malformed or do not belong together. */
struct tls_identity *tls_identity_load(const char *certificate, const char *key, FILE *err);
struct tls_identity *tls_identity_ref(struct tls_identity *t);
void tls_identity_unref(struct tls_identity *t); /* NULL is fine */
const mbedtls_ssl_config *tls_identity_config(const struct tls_identity *t);
/* When the certificate ends, in Unix seconds. */
int64_t tls_identity_not_after(const struct tls_identity *t);
