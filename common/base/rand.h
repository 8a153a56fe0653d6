#pragma once
/* Randomness from the kernel (getrandom); aborts when there is none. */
#include <stddef.h>
#include <stdint.h>

#define UUID_TEXT_SIZE 37

void rand_bytes(void *out, size_t n);
uint64_t rand_u64(void);
/* Lower-case hex of n random bytes, NUL-terminated: out holds 2 * n + 1. */
void rand_hex(char *out, size_t n);
/* RFC 9562 version 4. */
void rand_uuid(char out[UUID_TEXT_SIZE]);
