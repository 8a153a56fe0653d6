#pragma once
/* Settings of webhooks. */
#include <stdbool.h>
#include <stdint.h>

#include "str.h"

#define WEBHOOK_DEV_SECRET_KEY "dev-secret-key-change-me-dev-secret-key-change-me"

struct webhook_config {
    struct str secret_key, previous_secret_keys; /* seal what is kept secret in the database */
    struct str allow;                            /* addresses and networks beyond the public ones */
    bool allow_http;
    int64_t timeout_s;
    int64_t concurrency;     /* attempts at one endpoint at a time, by one process */
    int64_t disable_after_s; /* an endpoint that has failed so long is disabled */
    int64_t retention_s;
};
