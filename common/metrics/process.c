/* The process itself, as the Prometheus client libraries name it. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "metrics.h"

static struct metric resident = {
    .name = "process_resident_memory_bytes",
    .help = "Resident memory size in bytes",
    .kind = METRIC_GAUGE,
};
static struct metric memory_limit = {
    .name = "process_memory_limit_bytes",
    .help = "Memory that the process may use: of its control group, else of the machine",
    .kind = METRIC_GAUGE,
};
static struct metric cpu = {
    .name = "process_cpu_seconds_total",
    .help = "User and system CPU time spent in seconds",
    .kind = METRIC_COUNTER,
};
static struct metric open_fds = {
    .name = "process_open_fds",
    .help = "Open file descriptors",
    .kind = METRIC_GAUGE,
};
static struct metric start_time = {
    .name = "process_start_time_seconds",
    .help = "Start time of the process since the Unix epoch in seconds",
    .kind = METRIC_GAUGE,
};

static double resident_bytes(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    if (!f)
        return 0;
    if (fscanf(f, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* The limit of the control group (version 2, as containers see their own), if it has one. */
static double memory_limit_bytes(void)
{
    double machine = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    FILE *f = fopen("/sys/fs/cgroup/memory.max", "re");
    unsigned long long max = 0;
    if (!f)
        return machine;
    bool is_limited = fscanf(f, "%llu", &max) == 1 && (double)max < machine;
    fclose(f);
    return is_limited ? (double)max : machine;
}

static double cpu_seconds(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / US_PER_S;
}

static double count_open_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    if (!d)
        return 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 3; /* ".", ".." and the descriptor of this very look */
}

/* Field 22 of /proc/self/stat counts clock ticks since boot. The command name before it may hold
 * blanks and brackets, so fields are counted from the last bracket. */
static double process_start_seconds(void)
{
    FILE *f = fopen("/proc/self/stat", "re");
    unsigned long long ticks = 0;
    char line[1024] = "";
    const char *tail;
    struct timespec since_boot;

    if (!f)
        return 0;
    if (!fgets(line, sizeof line, f))
        line[0] = '\0';
    fclose(f);
    tail = strrchr(line, ')');
    if (!tail || sscanf(tail,
                        ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
                        "%*d %llu",
                        &ticks) != 1)
        return 0;
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    return (double)clock_wall_us() / US_PER_S -
           ((double)since_boot.tv_sec + (double)since_boot.tv_nsec / 1e9) +
           (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static void refresh(void *arg)
{
    metric_set(metric_series(&resident, NULL), resident_bytes());
    metric_set(metric_series(&cpu, NULL), cpu_seconds());
    metric_set(metric_series(&open_fds, NULL), count_open_fds());
}

void metrics_register_process(void)
{
    metric_set(metric_series(&start_time, NULL), process_start_seconds());
    metric_set(metric_series(&memory_limit, NULL), memory_limit_bytes());
    metrics_on_render(refresh, NULL);
}
