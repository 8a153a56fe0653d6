#pragma once
/* The secrets of endpoints, and what is signed with them (Standard Webhooks, "v1"). */
#include "webhook/webhook.h"

/* "whsec_" and the base64 of 32 random bytes. */
struct str webhook_secret_new(struct arena *a);

/* What is kept of the endpoint with that id, sealed and opened. */
struct str webhook_seal(const struct webhooks *w, struct arena *a, int64_t id, struct str plain);
MUST_CHECK enum err webhook_open(const struct webhooks *w, struct arena *a, int64_t id,
                                 struct str sealed, struct str *plain);

/* The header webhook-signature: "v1," and the base64 of HMAC-SHA-256(id.timestamp.body), for every
 * secret, separated by blanks. ERR_INTERNAL_ERROR for what is no secret. */
MUST_CHECK enum err webhook_sign(struct arena *a, const struct str *secrets, size_t count,
                                 struct str message_id, int64_t timestamp_s, struct str body,
                                 struct str *out);
