#pragma once
/*
 * Personal API tokens: "tts_", 36 random characters, and 6 characters of checksum (CRC-32, as
 * GitHub's) so that a scanner of leaked secrets knows one without asking anybody. A token is only
 * ever kept as its SHA-256; auth-service exchanges it for a short-lived JWT.
 */
#include <stdbool.h>

#include "str.h"

#define API_TOKEN_PREFIX "tts_"
#define API_TOKEN_LEN 46
#define API_TOKEN_HASH_LEN 64

/* A new token of 214 random bits, NUL-terminated. */
void api_token_make(char out[API_TOKEN_LEN + 1]);
/* Whether it claims to be one: such text is never a JWT. */
bool api_token_is_claimed(struct str text);
/* Whether it can be one, checksum included. */
bool api_token_is_well_formed(struct str text);
/* SHA-256 in lower-case hex, NUL-terminated. */
void api_token_hash(struct str token, char out[API_TOKEN_HASH_LEN + 1]);
