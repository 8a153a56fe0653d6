#pragma once
/* Media types of files: what was declared, what the content looks like, and whether both agree. */
#include <stdbool.h>

#include "arena.h"
#include "str.h"

/* So many bytes from the beginning decide. */
#define FILE_TYPE_HEAD 16384

/* The type of a Content-Type header in lower case, without parameters, under its registered name;
 * absent when none was given or it only says that there are bytes (application/octet-stream). */
struct str file_type_declared(struct arena *a, struct str content_type);

/*
 * Which type a file has: the declared one when the content agrees, the one of the content when none
 * was declared, absent when they contradict each other. sniffed is libmagic's word for head.
 */
struct str file_type_decide(struct str declared, struct str sniffed, struct str head);

/* Whether the list, separated by blanks, has the type. */
bool file_type_is_listed(struct str list, struct str type);

/* Types that a browser may show in place of saving them: none that can run something. */
bool file_type_may_be_inline(struct str type);
