#pragma once
/* What those who operate the program do about people, without being one of them. */
#include "events/publish.h"
#include "service.h"

/* --create-admin */
int CO_FN create_admin_command(struct service *s, int count, char **args);
#define CREATE_ADMIN_USAGE "--email E [--name N] [--password-file F]"

/* --reset-user */
int CO_FN reset_user_command(struct service *s, int count, char **args);
#define RESET_USER_USAGE "--email E | --id N [--link]"

/* Of a change by this program, now. */
struct change_origin command_origin(struct service *s);
/* {"command": name, "uid": …}: which account of the machine did it. */
struct str command_details(struct arena *a, const char *name);
/* What went wrong, on standard error, and the exit status for it. */
int command_failed(const struct service *s, enum err rc);
