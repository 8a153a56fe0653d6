#include "api/command.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "json.h"

struct change_origin command_origin(struct service *s)
{
    return (struct change_origin){
        .now = clock_wall_us(),
        .audit.actor = str_from(s->desc->name),
    };
}

struct str command_details(struct arena *a, const char *name)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a);
    jw_init(&w, &b);
    jw_object(&w);
    JW_STR(&w, "command", str_from(name));
    JW_INT(&w, "uid", (int64_t)getuid());
    jw_end_object(&w);
    return buf_str(&b);
}

int command_failed(const struct service *s, enum err rc)
{
    bool is_nobody = rc == ERR_USER_NOT_FOUND;

    fprintf(stderr, "%s: %s\n", s->desc->name,
            is_nobody ? "there is no such person" : err_text(rc));
    return is_nobody ? EX_NOUSER : EX_UNAVAILABLE;
}
