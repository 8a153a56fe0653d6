#include "password/pool.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loop.h"
#include "mem.h"
#include "offload.h"
#include "password/hash.h"

/* Below the loop's thread: a flood of logins must not delay every other answer. Linux gives each
 * thread a policy and a nice value of its own. */
#define WORKER_NICE 10 /* more than the loop */

struct password_pool {
    struct offload *workers;
    char decoy[PASSWORD_HASH_SIZE]; /* verified against when there is no hash */
};

struct job {
    char *password;
    const char *hash; /* to verify against; NULL: make one */
    char out[PASSWORD_HASH_SIZE];
    bool ok;
};

struct password_pool *password_pool_new(struct loop *l, int threads, int queue_max)
{
    struct password_pool *p = MEM_NEW(struct password_pool);

    if (!password_hash_make("decoy", p->decoy))
        abort(); /* libxcrypt without its default method: nothing could log in */
    p->workers = offload_new(l, threads, queue_max);
    return p;
}

void password_pool_free(struct password_pool *p)
{
    if (!p)
        return;
    offload_free(p->workers);
    free(p);
}

static bool step_back(void)
{
    const struct sched_param none = {0};
    id_t thread = (id_t)gettid();
    int nice = getpriority(PRIO_PROCESS, thread) + WORKER_NICE;

    return sched_setscheduler(0, SCHED_BATCH, &none) == 0 &&
           setpriority(PRIO_PROCESS, thread, nice < 19 ? nice : 19) == 0;
}

static void run(void *arg)
{
    static __thread bool is_behind;
    struct job *j = arg;

    if (!is_behind)
        is_behind = step_back();
    j->ok = j->hash ? password_hash_matches(j->password, j->hash)
                    : password_hash_make(j->password, j->out);
}

static enum err CO_FN submit(struct password_pool *p, struct arena *a, struct str password,
                             struct job *j)
{
    enum err rc;

    j->password = str_cstr(a, password);
    rc = offload_run(p->workers, run, j);
    explicit_bzero(j->password, password.len);
    return rc;
}

enum err CO_FN password_pool_make(struct password_pool *p, struct arena *a, struct str password,
                                  struct str *hash)
{
    struct job *j = ARENA_NEW(a, struct job);
    enum err rc = submit(p, a, password, j);

    if (rc)
        return rc;
    *hash = str_from(j->out);
    return j->ok ? ERR_OK : ERR_INTERNAL_ERROR;
}

enum err CO_FN password_pool_check(struct password_pool *p, struct arena *a, struct str password,
                                   struct str hash, bool *matches)
{
    struct job *j = ARENA_NEW(a, struct job);
    enum err rc;

    j->hash = hash.p ? str_cstr(a, hash) : p->decoy;
    rc = submit(p, a, password, j);
    *matches = rc == ERR_OK && hash.p && j->ok;
    return rc;
}
