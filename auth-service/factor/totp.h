#pragma once
/* Time-based one-time passwords: RFC 6238 with HMAC-SHA-1, 30 seconds, 6 digits, as every
 * authenticator app has them. */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

#define TOTP_SECRET_SIZE 20
#define TOTP_DIGITS 6

/* The code of a step (RFC 4226 §5.3), NUL-terminated. */
void totp_code(struct str secret, int64_t step, char out[TOTP_DIGITS + 1]);
/* The step whose code this is: that of the time, one before or one after it; 0 for none. Only steps
 * after last are looked at, so that a code is good once. */
int64_t totp_match(struct str secret, struct str code, int64_t now_us, int64_t last);
/* Base32 (RFC 4648 §6) without padding. */
struct str totp_secret_text(struct arena *a, struct str secret);
/* "otpauth://totp/issuer:account?secret=…", to be shown as a QR code. */
struct str totp_url(struct arena *a, struct str secret, struct str issuer, struct str account);
