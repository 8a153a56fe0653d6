#pragma once
/*
 * libcurl, loaded when the first https URL, guarded call or mail needs it: it brings a dozen
 * libraries into a process, 3 MiB that most processes never use. Private to this library.
 */
#include <stdbool.h>

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define CURL_FUNCTIONS(X)                                                                          \
    X(curl_easy_cleanup)                                                                           \
    X(curl_easy_getinfo)                                                                           \
    X(curl_easy_init)                                                                              \
    X(curl_easy_perform)                                                                           \
    X(curl_easy_reset)                                                                             \
    X(curl_easy_setopt)                                                                            \
    X(curl_easy_strerror)                                                                          \
    X(curl_global_cleanup)                                                                         \
    X(curl_global_init)                                                                            \
    X(curl_multi_add_handle)                                                                       \
    X(curl_multi_assign)                                                                           \
    X(curl_multi_cleanup)                                                                          \
    X(curl_multi_info_read)                                                                        \
    X(curl_multi_init)                                                                             \
    X(curl_multi_remove_handle)                                                                    \
    X(curl_multi_setopt)                                                                           \
    X(curl_multi_socket_action)                                                                    \
    X(curl_slist_append)                                                                           \
    X(curl_slist_free_all)

#define X(name) __typeof__(name) *name;
struct curl_library {
    CURL_FUNCTIONS(X)
};
#undef X

/* Filled by curl_load. */
extern struct curl_library CURL_LIB;
/* false, and logged, when the library cannot be loaded. */
bool curl_load(void);

/* So that what uses curl reads as if it were linked. */
#define curl_easy_cleanup CURL_LIB.curl_easy_cleanup
#define curl_easy_getinfo CURL_LIB.curl_easy_getinfo
#define curl_easy_init CURL_LIB.curl_easy_init
#define curl_easy_perform CURL_LIB.curl_easy_perform
#define curl_easy_reset CURL_LIB.curl_easy_reset
#define curl_easy_setopt CURL_LIB.curl_easy_setopt
#define curl_easy_strerror CURL_LIB.curl_easy_strerror
#define curl_global_cleanup CURL_LIB.curl_global_cleanup
#define curl_global_init CURL_LIB.curl_global_init
#define curl_multi_add_handle CURL_LIB.curl_multi_add_handle
#define curl_multi_assign CURL_LIB.curl_multi_assign
#define curl_multi_cleanup CURL_LIB.curl_multi_cleanup
#define curl_multi_info_read CURL_LIB.curl_multi_info_read
#define curl_multi_init CURL_LIB.curl_multi_init
#define curl_multi_remove_handle CURL_LIB.curl_multi_remove_handle
#define curl_multi_setopt CURL_LIB.curl_multi_setopt
#define curl_multi_socket_action CURL_LIB.curl_multi_socket_action
#define curl_slist_append CURL_LIB.curl_slist_append
#define curl_slist_free_all CURL_LIB.curl_slist_free_all
