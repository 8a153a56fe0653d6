#pragma once
/* Sending a file: conditional, in whole or in part (RFC 9110 §13, §14), never as a page. */
#include "req.h"
#include "store/file_store.h"

/*
 * Answers with the bytes, 206, 304 or 416. The query parameter disposition=inline lets a browser
 * show what cannot run anything. ERR_NOT_FOUND when the bytes are gone.
 */
MUST_CHECK enum err CO_FN media_send(struct req *r, const struct media_file *f);
