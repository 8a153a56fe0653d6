#include "socket.h"

#include <stdio.h>
#include <stdlib.h>

#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

static amqp_socket_t *tls_socket(amqp_connection_state_t conn, const char *ca_file, int *rc)
{
    amqp_socket_t *socket = amqp_ssl_socket_new(conn);
    if (!socket)
        abort();
    amqp_ssl_socket_set_verify_peer(socket, 1);
    amqp_ssl_socket_set_verify_hostname(socket, 1);
    *rc = amqp_ssl_socket_set_cacert(socket, ca_file ? ca_file : SYSTEM_CA_FILE);
    if (*rc == AMQP_STATUS_OK)
        *rc = amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST);
    return socket;
}

bool mq_socket_open(amqp_connection_state_t conn, const struct mq_url *url, const char *ca_file,
                    int timeout_s, char *why, size_t size)
{
    int rc = AMQP_STATUS_OK;
    amqp_socket_t *socket =
        url->is_tls ? tls_socket(conn, ca_file, &rc) : amqp_tcp_socket_new(conn);
    if (!socket)
        abort();
    if (rc != AMQP_STATUS_OK) {
        snprintf(why, size, "the authorities in %s: %s", ca_file ? ca_file : SYSTEM_CA_FILE,
                 amqp_error_string2(rc));
        return false;
    }
    const struct timeval timeout = {.tv_sec = timeout_s};
    rc = amqp_socket_open_noblock(socket, url->host, url->port, &timeout);
    if (rc == AMQP_STATUS_OK)
        return true;
    snprintf(why, size, "%s", amqp_error_string2(rc));
    return false;
}
