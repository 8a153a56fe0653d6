#pragma once
/* Which addresses a webhook may be sent to: those of the public internet. */
#include <stdbool.h>
#include <stdint.h>

/*
 * False for everything that is not globally reachable (IANA's special-purpose registries): this
 * machine, private and shared networks, link-local (where clouds keep their credentials),
 * multicast, documentation, and what embeds an IPv4 address: mapped, NAT64, 6to4, Teredo.
 * IPv4 comes as ::ffff:a.b.c.d, and is judged as what it stands for.
 */
bool webhook_address_is_public(const uint8_t address[16]);
