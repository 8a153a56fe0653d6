#pragma once
/* What the handlers of this program share. */
#include "domain/lockout.h"
#include "domain/password_rule.h"
#include "password/pool.h"
#include "seal.h"
#include "service.h"
#include "settings.h"

struct courier;

struct auth_app {
    struct service *service;
    const struct auth_config *config;
    struct password_pool *passwords;
    struct password_policy password_policy;
    struct lockout_policy account_lockout, address_lockout;
    struct lockout_policy factor_lockout;
    struct lockout_policy mail_limit; /* mails an address may ask for */
    struct seal_keys *seal;           /* owned */
    uint8_t code_key[SHA256_SIZE];    /* of the codes in mails */
    uint8_t request_key[SHA256_SIZE]; /* of requests with a password and an Idempotency-Key */
    struct courier *courier;          /* owned; sends mail */
};

static inline struct auth_app *auth_app(struct req *r)
{
    return req_service(r)->state;
}
