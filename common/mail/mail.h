#pragma once
/* Builds mail messages (RFC 5322, MIME) from untrusted texts: no header can be injected. */
#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "str.h"

struct mail {
    struct str from;       /* "Name <address>", trusted */
    struct str to_address; /* checked by the sender */
    struct str to_name;
    struct str subject;
    struct str text;       /* UTF-8, LF lines */
    struct str html;       /* the same for who prefers it; absent: text alone */
    struct str message_id; /* without angle brackets */
    struct str thread_id;  /* References and In-Reply-To, absent: starts a thread */
    int64_t date;          /* wall µs */
    /* Where a POST takes the reader off the list (RFC 2369, RFC 8058); absent: nowhere. */
    struct str unsubscribe_url;
};

/* The whole message with CRLF lines, in the arena. */
struct str mail_compose(struct arena *a, const struct mail *m);
/* The address of "Name <address>" or of a bare address. */
struct str mail_address(struct str from);
/* One @, no blanks, controls or angle brackets, at most 254 bytes: safe in SMTP commands. */
bool mail_address_is_safe(struct str address);
/* The same of a whole sender, whose name must be printable ASCII. */
bool mail_sender_is_safe(struct str from);
/* The template of an URL with mark ("{number}") replaced by the encoded value; absent without a
 * template or a value. */
struct str mail_link(struct arena *a, struct str template, struct str mark, struct str value);
