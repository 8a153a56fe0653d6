#include "settings.h"

#define AT(member) offsetof(struct auth_config, member)

const struct setting AUTH_SETTINGS[] = {
    {"REFRESH_EXPIRY", NULL, SETTING_DURATION, AT(refresh_expiry_s), "7d", 0,
     "life of a refresh token", 60, 365 * 86400},
    {"PASSWORD_MIN_LENGTH", NULL, SETTING_INT, AT(password_min_length), "6", 0,
     "fewest characters of a new password", 1, 128},
    {"PASSWORD_THREADS", NULL, SETTING_INT, AT(password_threads), "2", 0,
     "worker threads that hash passwords", 1, 64},
    {"PASSWORD_QUEUE", NULL, SETTING_INT, AT(password_queue), "128", 0,
     "passwords that may wait for a worker; beyond that 503", 1, 10000},
    {"LOCKOUT_FAILURES", NULL, SETTING_INT, AT(lockout_failures), "10", 0,
     "failed logins that lock an account; 0 never locks", 0, 1000000},
    {"LOCKOUT_ADDRESS_FAILURES", NULL, SETTING_INT, AT(lockout_address_failures), "100", 0,
     "failed logins that lock a client address; 0 never locks", 0, 1000000},
    {"LOCKOUT_WINDOW", NULL, SETTING_DURATION, AT(lockout_window_s), "30m", 0,
     "failed logins older than that are forgotten", 60, 7 * 86400},
    {"ALLOW_ROLE_AT_REGISTRATION", NULL, SETTING_BOOL, AT(allow_role_at_registration), "false", 0,
     "let anybody register as staff or admin; refused in production"},
    {"API_TOKEN_MAX_AGE", NULL, SETTING_DURATION, AT(api_token_max_age_s), "365d", 0,
     "longest life of a personal API token", 86400, 3650 * 86400},
    {"DEMO_DATA", NULL, SETTING_BOOL, AT(demo_data), "true", 0,
     "create the demo people (ENVIRONMENT=development only)"},
    {"DEMO_PASSWORD", NULL, SETTING_STR, AT(demo_password), "demo-pass-1", SETTING_SECRET,
     "password of the demo people"},
    {0},
};
