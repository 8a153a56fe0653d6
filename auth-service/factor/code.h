#pragma once
/* Codes that people type in: mailed ones and recovery codes. */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "digest.h"
#include "str.h"

/* Six decimal digits, evenly distributed. */
struct str code_new(struct arena *a);
bool code_is_digits(struct str code);
/* What is kept of a mailed code: so few digits need a key. */
struct str code_mac(struct arena *a, const uint8_t key[SHA256_SIZE], int64_t user_id,
                    struct str code);

#define RECOVERY_CODES 10
/* "ABCD-EFGH-JKLM-NPQR": 80 random bits. */
struct str recovery_code_new(struct arena *a);
/* What is kept of it; case, blanks and dashes of what was typed do not count. */
struct str recovery_code_hash(struct arena *a, struct str typed);
