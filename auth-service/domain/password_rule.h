#pragma once
/* What a new password must satisfy. */
#include <stdbool.h>

#include "str.h"

/* What crypt(3) of libxcrypt takes, its terminating NUL excluded. */
#define PASSWORD_MAX_BYTES 511

struct password_policy {
    int64_t min_length; /* code points */
    bool refuse_common;
};

/* NULL when the password is acceptable, else what is wrong with it (static). */
const char *password_problem(const struct password_policy *policy, struct str password,
                             struct str email);
