/* Plants one bug inside a coroutine, named by the argument; the sanitizers must report it. Run by
 * co_faults.sh under both compilers, unoptimised and optimised. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "co.h"
#include "loop.h"

static struct loop *loop;
static volatile int sink;

static void overwrites_a_local_array(void *arg)
{
    (void)arg;
    char text[16];
    volatile int at = 16;
    memset(text, 0, sizeof text);
    if (co_sleep_ms(1) == ERR_OK)
        text[at] = 'x';
    sink = text[3];
    loop_stop(loop);
}

static char *shared;

static void uses_after_free_across_a_wait(void *arg)
{
    (void)arg;
    char *mine = shared;
    if (co_sleep_ms(5) == ERR_OK)
        sink = mine[0];
    loop_stop(loop);
}

static void frees(void *arg)
{
    (void)arg;
    if (co_sleep_ms(1) == ERR_OK)
        free(shared);
}

static void leaks_on_an_early_return(void *arg)
{
    (void)arg;
    char *volatile lost = malloc(77);
    if (!lost)
        abort();
    lost[0] = 1;
    if (co_sleep_ms(1) == ERR_OK) {
        sink = lost[0];
        lost = NULL;
        loop_stop(loop);
        return;
    }
    free(lost);
}

static int recurses(int depth)
{
    volatile char frame[4096];
    frame[depth % 4096] = (char)depth;
    if (depth < 0)
        return 0;
    return recurses(depth + 1) + frame[(depth * 7) % 4096];
}

static void exhausts_its_stack(void *arg)
{
    (void)arg;
    if (co_sleep_ms(1) == ERR_OK)
        sink = recurses(1);
    loop_stop(loop);
}

static void does_nothing_wrong(void *arg)
{
    (void)arg;
    char text[16] = "fine";
    if (co_sleep_ms(1) == ERR_OK)
        sink = text[2];
    loop_stop(loop);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        co_main_fn fn;
    } FAULTS[] = {
        {"overwrite", overwrites_a_local_array},
        {"use-after-free", uses_after_free_across_a_wait},
        {"leak", leaks_on_an_early_return},
        {"overflow", exhausts_its_stack},
        {"none", does_nothing_wrong},
    };
    loop = loop_new();
    for (size_t i = 0; i < sizeof FAULTS / sizeof FAULTS[0]; i++) {
        if (argc != 2 || strcmp(argv[1], FAULTS[i].name) != 0)
            continue;
        if (FAULTS[i].fn == uses_after_free_across_a_wait) {
            shared = calloc(1, 64);
            co_start(loop, frees, NULL, "frees");
        }
        co_start(loop, FAULTS[i].fn, NULL, FAULTS[i].name);
        loop_run(loop);
    }
    loop_free(loop);
    return 0;
}
