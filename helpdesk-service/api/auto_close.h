#pragma once
/* Resolved tickets that nobody touches any more are closed, each exactly once by whichever process
 * comes first. */
struct service;

/* Looks regularly from now on, unless AUTO_CLOSE_AFTER is 0. */
void auto_close_start(struct service *s);
