#include "curl.h"

#include <dlfcn.h>
#include <stddef.h>

#include "log.h"

struct curl_library CURL_LIB;

bool curl_load(void)
{
#define X(name) #name,
    static const char *const names[] = {CURL_FUNCTIONS(X)};
#undef X
    static void *library;
    if (library)
        return true;
    void *opened = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    /* The members are the functions in the order of their names. */
    void **slot = (void **)&CURL_LIB;
    for (size_t i = 0; opened && i < sizeof names / sizeof names[0]; i++)
        slot[i] = dlsym(opened, names[i]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (slot[i])
            continue;
        log_error("libcurl cannot be used", LOG_CSTR("reason", dlerror()));
        return false;
    }
    library = opened;
    return true;
}
