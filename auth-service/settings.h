#pragma once
/* The settings only this program has. */
#include <stdbool.h>
#include <stdint.h>

#include "post.h"
#include "setting.h"

struct auth_config {
    int64_t refresh_expiry_s;
    int64_t password_min_length, password_threads, password_queue;
    int64_t lockout_failures, lockout_address_failures, lockout_window_s;
    int64_t api_token_max_age_s;
    bool allow_role_at_registration, require_verified_email, demo_data;
    struct str demo_password;
    struct str secret_key, previous_secret_keys;
    struct mail_outlet mail;
    struct str verification_url, reset_url, invitation_url; /* with {token} */
    int64_t verification_expiry_s, reset_expiry_s, code_expiry_s, invitation_expiry_s,
        mail_requests;
};

extern const struct setting AUTH_SETTINGS[];
