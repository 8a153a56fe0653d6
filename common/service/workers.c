#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "internal.h"
#include "log.h"

#define MAX_WORKERS 64
#define MIN_RESTART_INTERVAL_MS 1000

static pid_t workers[MAX_WORKERS];
static volatile sig_atomic_t is_stopping;

static void stop_all(int signo)
{
    int saved = errno;
    is_stopping = 1;
    for (int i = 0; i < MAX_WORKERS; i++)
        if (workers[i] > 0)
            kill(workers[i], signo);
    errno = saved;
}

static void pass_on(int signo)
{
    int saved = errno;
    for (int i = 0; i < MAX_WORKERS; i++)
        if (workers[i] > 0)
            kill(workers[i], signo);
    errno = saved;
}

/* True in the child. */
static bool fork_one(int slot)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        abort();
    if (pid) {
        workers[slot] = pid;
        return false;
    }
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(0);
    return true;
}

static int slot_of(pid_t pid)
{
    for (int i = 0; i < MAX_WORKERS; i++)
        if (workers[i] == pid)
            return i;
    return -1;
}

void workers_fork(int count)
{
    if (count <= 1)
        return;
    struct sigaction stop = {.sa_handler = stop_all}, hup = {.sa_handler = pass_on};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGHUP, &hup, NULL);
    for (int i = 0; i < count; i++)
        if (fork_one(i))
            return;
    int alive = count, status = 0, worst = 0;
    int64_t started = clock_mono_us();
    while (alive) {
        pid_t pid = wait(&status);
        if (pid < 0 && errno == EINTR)
            continue;
        int slot = slot_of(pid);
        if (slot < 0)
            continue;
        workers[slot] = 0;
        if (is_stopping) {
            alive--;
            worst |= status;
            continue;
        }
        log_error("a worker ended and is started again", LOG_I("pid", pid));
        if (clock_mono_us() - started < MIN_RESTART_INTERVAL_MS * US_PER_MS) {
            struct timespec pause = {.tv_nsec = 500 * 1000 * 1000};
            nanosleep(&pause, NULL);
        }
        started = clock_mono_us();
        if (fork_one(slot))
            return;
    }
    exit(worst ? 1 : 0);
}
