#include "co.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <event2/event.h>

#include "clock.h"
#include "internal.h"
#include "list.h"
#include "log.h"
#include "mem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CO_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define CO_ASAN 1
#endif
#ifdef CO_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#define CO_VALGRIND 1
#endif
#endif

#define STACK_SIZE ((size_t)256 * 1024)
#define MAX_POOLED 64

/* A place to continue at: a saved stack pointer, and what AddressSanitizer must know of its stack.
 */
struct context {
    void *sp;
    void *fake_stack;
    const void *bottom;
    size_t size;
};

struct stack {
    struct list node;
    char *base; /* guard page first */
    size_t guard;
    unsigned valgrind_id;
};

struct co {
    struct list node; /* in the loop's ready queue */
    struct loop *loop;
    struct stack *stack;
    struct context self;
    struct context *back; /* who resumed it */
    struct co *resumer;   /* the coroutine that was running then, NULL for the loop */
    struct co_wait *waiting;
    struct event *timer;
    int64_t timer_at; /* mono µs, 0: not armed */
    int64_t wait_until;
    int64_t deadline;
    co_main_fn fn;
    void *arg;
    void *local;
    const char *name;
    bool is_cancelled, is_finished, is_cancellable;
};

static _Thread_local struct co *current; /* set on the loop thread only */
static struct list pool = {&pool, &pool};
static int pooled, alive;

/* Saves the callee-saved registers and the stack pointer in *save, continues at load. */
void co_switch_stack(void **save, void *load);
void co_trampoline(void);
void co_entry(struct co *c);

#if defined(__x86_64__)
__asm__(".text\n"
        ".globl co_switch_stack\n"
        ".type co_switch_stack, @function\n"
        "co_switch_stack:\n"
        ".cfi_startproc\n"
        "    pushq %rbp\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset rbp, 0\n"
        "    pushq %rbx\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset rbx, 0\n"
        "    pushq %r12\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset r12, 0\n"
        "    pushq %r13\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset r13, 0\n"
        "    pushq %r14\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset r14, 0\n"
        "    pushq %r15\n    .cfi_adjust_cfa_offset 8\n    .cfi_rel_offset r15, 0\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n    .cfi_adjust_cfa_offset -8\n    .cfi_restore r15\n"
        "    popq %r14\n    .cfi_adjust_cfa_offset -8\n    .cfi_restore r14\n"
        "    popq %r13\n    .cfi_adjust_cfa_offset -8\n    .cfi_restore r13\n"
        "    popq %r12\n    .cfi_adjust_cfa_offset -8\n    .cfi_restore r12\n"
        "    popq %rbx\n    .cfi_adjust_cfa_offset -8\n    .cfi_restore rbx\n"
        "    popq %rbp\n    .cfi_adjust_cfa_offset -8\n    .cfi_restore rbp\n"
        "    ret\n"
        ".cfi_endproc\n"
        ".size co_switch_stack, .-co_switch_stack\n"
        ".globl co_trampoline\n"
        ".type co_trampoline, @function\n"
        "co_trampoline:\n"
        ".cfi_startproc\n"
        "    .cfi_undefined rip\n"
        "    movq %r12, %rdi\n"
        "    call co_entry\n"
        "    ud2\n"
        ".cfi_endproc\n"
        ".size co_trampoline, .-co_trampoline\n");

static void *initial_sp(char *top, struct co *c)
{
    void **sp = (void **)top;
    *--sp = (void *)co_trampoline;
    *--sp = NULL; /* rbp */
    *--sp = NULL; /* rbx */
    *--sp = c;    /* r12 */
    *--sp = NULL; /* r13 */
    *--sp = NULL; /* r14 */
    *--sp = NULL; /* r15 */
    return sp;
}
#elif defined(__aarch64__)
__asm__(".text\n"
        ".globl co_switch_stack\n"
        ".type co_switch_stack, %function\n"
        "co_switch_stack:\n"
        ".cfi_startproc\n"
        "    sub sp, sp, #160\n    .cfi_adjust_cfa_offset 160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n    .cfi_rel_offset x29, 80\n    .cfi_rel_offset x30, 88\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n    .cfi_adjust_cfa_offset -160\n"
        "    ret\n"
        ".cfi_endproc\n"
        ".size co_switch_stack, .-co_switch_stack\n"
        ".globl co_trampoline\n"
        ".type co_trampoline, %function\n"
        "co_trampoline:\n"
        ".cfi_startproc\n"
        "    .cfi_undefined x30\n"
        "    mov x0, x19\n"
        "    bl co_entry\n"
        "    brk #1\n"
        ".cfi_endproc\n"
        ".size co_trampoline, .-co_trampoline\n");

static void *initial_sp(char *top, struct co *c)
{
    void **sp = (void **)(top - 160);
    for (int i = 0; i < 20; i++)
        sp[i] = NULL;
    sp[0] = c;                      /* x19 */
    sp[11] = (void *)co_trampoline; /* x30 */
    return sp;
}
#else
#error "co.c has no stack switch for this architecture"
#endif

/* ---- stacks ------------------------------------------------------------------------------- */

static struct stack *stack_map(void)
{
    struct stack *s = MEM_NEW(struct stack);
    list_init(&s->node);
    s->guard = (size_t)sysconf(_SC_PAGESIZE);
    s->base = mmap(NULL, s->guard + STACK_SIZE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (s->base == MAP_FAILED || mprotect(s->base, s->guard, PROT_NONE) < 0)
        abort();
#ifdef CO_VALGRIND
    s->valgrind_id = VALGRIND_STACK_REGISTER(s->base + s->guard, s->base + s->guard + STACK_SIZE);
#endif
    return s;
}

static struct stack *stack_new(void)
{
    struct stack *s;
    if (list_is_empty(&pool)) {
        s = stack_map();
    } else {
        pooled--;
        s = LIST_ENTRY(list_pop(&pool), struct stack, node);
    }
#ifdef CO_ASAN
    /* What a live coroutine holds is no leak; what an old stack still contains is no reference. */
    __lsan_register_root_region(s->base + s->guard, STACK_SIZE);
#endif
    return s;
}

static void stack_free(struct stack *s)
{
#ifdef CO_ASAN
    __lsan_unregister_root_region(s->base + s->guard, STACK_SIZE);
    /* Frames that were never left still hold poisoned red zones. */
    ASAN_UNPOISON_MEMORY_REGION(s->base + s->guard, STACK_SIZE);
#endif
    if (pooled < MAX_POOLED) {
        pooled++;
        list_prepend(&pool, &s->node);
        return;
    }
#ifdef CO_VALGRIND
    VALGRIND_STACK_DEREGISTER(s->valgrind_id);
#endif
    munmap(s->base, s->guard + STACK_SIZE);
    free(s);
}

/* ---- switching ---------------------------------------------------------------------------- */

/* left, when given, learns the extent of the stack that switched back to from. */
static void switch_to(struct context *from, struct context *to, bool from_is_ending,
                      struct context **left)
{
#ifdef CO_ASAN
    const void *bottom;
    size_t size;
    __sanitizer_start_switch_fiber(from_is_ending ? NULL : &from->fake_stack, to->bottom, to->size);
    co_switch_stack(&from->sp, to->sp);
    __sanitizer_finish_switch_fiber(from->fake_stack, &bottom, &size);
    if (left) {
        (*left)->bottom = bottom;
        (*left)->size = size;
    }
#else
    (void)from_is_ending, (void)left;
    co_switch_stack(&from->sp, to->sp);
#endif
}

void co_entry(struct co *c)
{
#ifdef CO_ASAN
    __sanitizer_finish_switch_fiber(NULL, &c->back->bottom, &c->back->size);
#endif
    c->fn(c->arg);
    c->is_finished = true;
    switch_to(&c->self, c->back, true, NULL);
    abort();
}

static void recycle(struct co *c)
{
    if (c->timer)
        event_free(c->timer);
    stack_free(c->stack);
    free(c);
    alive--;
}

static void resume(struct co *c)
{
    struct context here = {0};
    if (current)
        here = current->self;
    c->back = &here;
    c->resumer = current;
    current = c;
    switch_to(&here, &c->self, false, NULL);
    current = c->resumer;
    if (c->is_finished)
        recycle(c);
}

static void suspend(struct co *c)
{
    /* Whoever resumes next may run on another stack than the one left now. */
    switch_to(&c->self, c->back, false, &c->back);
}

static const struct log_context *current_log_context(void)
{
    return co_local();
}

void co_start(struct loop *l, co_main_fn fn, void *arg, const char *name)
{
    log_set_context_source(current_log_context);
    struct co *c = MEM_NEW(struct co);
    list_init(&c->node);
    c->loop = l;
    c->fn = fn;
    c->arg = arg;
    c->name = name;
    c->stack = stack_new();
    c->self.bottom = c->stack->base + c->stack->guard;
    c->self.size = STACK_SIZE;
    c->self.sp = initial_sp(c->stack->base + c->stack->guard + STACK_SIZE, c);
    alive++;
    resume(c);
}

struct co *co_self(void)
{
    return current;
}

int co_count(void)
{
    return alive;
}

void co_set_local(void *p)
{
    if (current)
        current->local = p;
}

void *co_local(void)
{
    return current ? current->local : NULL;
}

/* ---- waiting ------------------------------------------------------------------------------ */

static void make_ready(struct co *c)
{
    list_append(loop_ready_queue(c->loop), &c->node);
    loop_wake_ready(c->loop);
}

void co_run_ready(struct list *queue)
{
    struct list now;
    list_init(&now);
    while (!list_is_empty(queue))
        list_append(&now, list_pop(queue));
    for (struct list *n; (n = list_pop(&now));)
        resume(LIST_ENTRY(n, struct co, node));
}

void co_wait_init(struct co_wait *w)
{
    *w = (struct co_wait){.co = current};
}

void co_wake(struct co_wait *w, enum err rc)
{
    if (w->done)
        return;
    w->done = true;
    w->rc = rc;
    struct co *c = w->co;
    if (c->waiting == w) {
        c->waiting = NULL;
        make_ready(c);
    }
}

static void on_wait_timer(evutil_socket_t fd, short what, void *arg);

/* An armed timer that fires too early only rearms itself, so it is left alone between waits. */
static void arm_timer(struct co *c, int64_t at, int64_t now)
{
    if (c->timer_at && c->timer_at <= at)
        return;
    if (!c->timer && !(c->timer = event_new(loop_base(c->loop), -1, 0, on_wait_timer, c)))
        abort();
    int64_t us = at > now ? at - now : 0;
    struct timeval tv = {us / US_PER_S, us % US_PER_S};
    event_add(c->timer, &tv);
    c->timer_at = at;
}

static void on_wait_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct co *c = arg;
    int64_t now = clock_mono_us();
    c->timer_at = 0;
    if (!c->waiting || !c->wait_until)
        return;
    if (now < c->wait_until) {
        arm_timer(c, c->wait_until, now);
        return;
    }
    co_wake(c->waiting, ERR_TIMEOUT);
}

enum err co_wait(struct co_wait *w, int64_t timeout_ms)
{
    struct co *c = current;
    if (!c || w->co != c)
        abort();
    if (w->done)
        return w->rc;
    if (c->is_cancelled)
        return ERR_CANCELLED;
    c->wait_until = c->deadline;
    if (timeout_ms >= 0 || c->deadline) {
        int64_t now = clock_mono_us();
        int64_t until = timeout_ms >= 0 ? now + timeout_ms * US_PER_MS : c->deadline;
        if (c->deadline && c->deadline < until)
            until = c->deadline;
        if (until <= now && timeout_ms != 0)
            return ERR_TIMEOUT;
        c->wait_until = until;
        arm_timer(c, until, now);
    }
    c->is_cancellable = true;
    c->waiting = w;
    suspend(c);
    c->is_cancellable = false;
    return w->rc;
}

enum err co_wait_uncancellable(struct co_wait *w)
{
    struct co *c = current;
    if (!c || w->co != c)
        abort();
    if (!w->done) {
        c->wait_until = 0;
        c->waiting = w;
        suspend(c);
    }
    return w->rc;
}

void co_cancel(struct co *c)
{
    c->is_cancelled = true;
    if (c->waiting && c->is_cancellable)
        co_wake(c->waiting, ERR_CANCELLED);
}

bool co_is_cancelled(const struct co *c)
{
    return c->is_cancelled;
}

void co_set_deadline(struct co *c, int64_t mono_us)
{
    c->deadline = mono_us;
}

int64_t co_deadline(const struct co *c)
{
    return c->deadline;
}

enum err co_sleep_ms(int64_t ms)
{
    struct co_wait w;
    co_wait_init(&w);
    int64_t wake_at = clock_mono_us() + ms * US_PER_MS;
    enum err rc = co_wait(&w, ms);
    if (rc == ERR_TIMEOUT && clock_mono_us() >= wake_at)
        return ERR_OK;
    return rc;
}

enum err co_yield (void) {
    struct co *c = current; if (c->is_cancelled) return ERR_CANCELLED; make_ready(c); suspend(c);
    return c->is_cancelled ? ERR_CANCELLED : ERR_OK;
}
