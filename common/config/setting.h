#pragma once
/*
 * Settings come from the environment only and are declared once, in tables. A variable set to
 * nothing counts as not set. Every secret is also read from the file named by NAME_FILE, without
 * the line end at its end; setting both is an error. An invalid value is one clear line, which
 * never shows a secret or a URL, and exit status 78 (EX_CONFIG); the caller does the exiting.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "arena.h"
#include "str.h"

enum setting_type {
    SETTING_STR,      /* struct str */
    SETTING_INT,      /* int64_t, checked against min and max */
    SETTING_BOOL,     /* bool: true/false, 1/0, yes/no, on/off */
    SETTING_DURATION, /* int64_t seconds: "90", "15m", "24h", "7d" */
    SETTING_SIZE,     /* int64_t bytes: "1048576", "512k", "10m", "2g" (powers of 1024) */
    SETTING_PORT,     /* int64_t 0..65535 */
    SETTING_URL,      /* struct str with a scheme among choices ("amqp|amqps") */
    SETTING_ENUM,     /* struct str among choices */
};

enum setting_flags {
    SETTING_REQUIRED = 1,
    SETTING_SECRET = 2,      /* masked when printed; NAME_FILE accepted */
    SETTING_RELOADABLE = 4,  /* taken over on SIGHUP */
    SETTING_NOT_DEFAULT = 8, /* with ENVIRONMENT=production the default value is refused */
    SETTING_LIST = 16,       /* SETTING_URL: one or several, separated by commas */
};

struct setting {
    const char *name;
    const char *aliases; /* other accepted names, separated by '|', or NULL; name wins */
    enum setting_type type;
    size_t offset;   /* of the target member */
    const char *def; /* default text, or NULL for absent */
    unsigned flags;
    const char *help;
    /* SETTING_INT, DURATION, SIZE; both 0 = unchecked, max < min = no upper bound */
    int64_t min, max;
    const char *choices; /* "a|b|c" */
};

/* Several tables fill one target each; errors are collected so that all are named at once. */
struct setting_table {
    const struct setting *settings;
    size_t count;
    void *target;
};

/* Strings are allocated in a. Problems are written to err, one line each; false when there were
 * any. */
bool config_load(const struct setting_table *tables, size_t n, struct arena *a, FILE *err);
/* NAME=value lines; secrets, and passwords inside URLs, are masked as ***. */
void config_print(const struct setting_table *tables, size_t n, FILE *out);
/* A Markdown table of all settings, for the settings reference. */
void config_print_reference(const struct setting_table *tables, size_t n, FILE *out);
