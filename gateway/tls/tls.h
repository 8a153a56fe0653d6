#pragma once
/* TLS for clients: switched on by TLS_CERT_FILE and TLS_KEY_FILE. */
#include <stdbool.h>
#include <stdio.h>

struct gateway;
struct gateway_settings;

/* Whether the settings name a certificate that can be used, or none; else a line on err. */
bool tls_check(const struct gateway_settings *s, FILE *err);
/* Loads the certificate, if one is set; false with a line on err when it cannot be used. */
bool tls_load(struct gateway *gw, FILE *err);
/* SIGHUP: a new certificate for new connections; one with an error never replaces a good one. */
void tls_reload(struct gateway *gw);
void tls_release(struct gateway *gw);
