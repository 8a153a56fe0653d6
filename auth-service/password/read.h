#pragma once
/* A password from where other people cannot see it: never from a command line. */
#include "arena.h"
#include "str.h"

/* The first line of the file, or of standard input when path is NULL; a terminal is asked without
 * showing what is typed. Absent, with the reason on standard error, when there is none. */
struct str password_read(struct arena *a, const char *path);
