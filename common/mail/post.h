#pragma once
/* Where mail goes: to a mail server, or into files where there is none. */
#include "client.h"

struct mail_outlet {
    struct str smtp_url; /* absent: files in dir */
    struct str dir;
    struct str from;     /* "Name <address>"; its address is the sender of the envelope */
    struct str starttls; /* auto, required or off (enum mail_tls); absent: auto */
    struct str ca_file;  /* PEM: whom to trust instead of the system's; absent: that */
};

/*
 * file is the name the mail gets without a server ("7.eml"). ERR_INVALID_INPUT: no later attempt
 * could help; any other error may pass. *why is text in the arena or static.
 */
MUST_CHECK enum err CO_FN mail_post(struct http_client *c, struct arena *a,
                                    const struct mail_outlet *o, const char *file, struct str to,
                                    struct str message, const char **why);
/* A file of the directory, which is made if need be; it appears under its name only when it is
 * complete. */
MUST_CHECK enum err mail_write_file(struct arena *a, struct str dir, const char *file,
                                    struct str text, const char **why);
/* The domain of the sender, for message ids. */
struct str mail_domain(const struct mail_outlet *o);
