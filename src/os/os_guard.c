/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_guard.c - signal handlers that jump back into lanes_os_guard_call().
 *
 * Saving the signal mask would cost a system call for each guarded call, so sigsetjmp
 * does not. With SA_NODEFER and an empty sa_mask the kernel blocks nothing while our
 * handler runs; who calls it from a handler of its own (ThreadSanitizer does) may have,
 * so after a fault the mask is set to what the kernel noted of the interrupted code. A
 * fault inside the handler finds no guarded call, because that is forgotten first, and
 * ends the process.
 *
 * The kernel gives a handler the floating-point state of a new process, and siglongjmp
 * leaves it at that; who calls guards restores what it needs.
 *
 * A handler has no context argument, so this file keeps static state: what was installed
 * before, and two words per thread. These are initial-exec: the first access to a
 * thread-local of another model may allocate, which a handler must not.
 */
#include "os/os_guard.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

/* Of an alternate stack, beside the registers that the kernel stores there. */
#define STACK_BYTES (64u << 10)

/* The main thread's stack has no guard pages: it grows until its limit, or until a
 * mapping is this near (the kernel's stack_guard_gap). */
#define MAIN_GAP_BYTES (1u << 20)

#define GUARD_TLS static _Thread_local __attribute__((tls_model("initial-exec")))

static const int guarded_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
static const char *const signal_names[] = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"};

#define SIGNAL_COUNT LANES_ARRAY_COUNT(guarded_signals)

struct guarded_call {
    sigjmp_buf jump;
    uint64_t ticket;      /* 0: nobody may end it */
    lanes_os_fault fault; /* written by the handler before it jumps */
};

/* What a thread that uses guards has. Lies in its alternate stack's mapping, above it. */
struct guard_thread {
    char *mapping; /* a page that faults, the stack, this */
    size_t mapping_bytes;
    stack_t own;
    stack_t before;           /* what the thread had; put back when it ends */
    uintptr_t overflow_begin; /* addresses that it touches when its stack overflows */
    uintptr_t overflow_end;
};

static bool is_installed;
static pthread_key_t thread_key;                /* its destructor frees a guard_thread */
static struct sigaction previous[SIGNAL_COUNT]; /* of guarded_signals */

GUARD_TLS struct guard_thread *volatile this_thread; /* NULL: no guard used yet */
GUARD_TLS struct guarded_call *volatile this_call;   /* NULL: not inside a guard */

static size_t index_of(int signal_number)
{
    size_t i = 0;
    while (i < SIGNAL_COUNT && guarded_signals[i] != signal_number) {
        i++;
    }
    return i;
}

/* ---- In the handler: only async-signal-safe functions --------------------------- */

/*
 * False for signals that a process sent (kill, sigqueue: si_code <= 0), and for the news
 * that memory which nobody has touched yet is broken.
 */
static bool is_fault(const siginfo_t *info)
{
    return info->si_code > 0 &&
           !(info->si_signo == SIGBUS && info->si_code == BUS_MCEERR_AO);
}

static void restore_default(int signal_number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    LANES_ASSERT(sigaction(signal_number, &action, NULL) == 0);
}

/* As if the handler that was there before had been called by the kernel. */
static void call_previous(const struct sigaction *action, siginfo_t *info, void *context)
{
    const int signal_number = info->si_signo;
    if ((action->sa_flags & (int)SA_RESETHAND) != 0) {
        restore_default(signal_number);
    }
    sigset_t blocked = action->sa_mask;
    if ((action->sa_flags & SA_NODEFER) == 0) {
        sigaddset(&blocked, signal_number);
    }
    sigset_t saved;
    LANES_ASSERT(pthread_sigmask(SIG_BLOCK, &blocked, &saved) == 0);
    if ((action->sa_flags & SA_SIGINFO) != 0) {
        action->sa_sigaction(signal_number, info, context);
    } else {
        action->sa_handler(signal_number);
    }
    LANES_ASSERT(pthread_sigmask(SIG_SETMASK, &saved, NULL) == 0);
}

static void pass_on(siginfo_t *info, void *context)
{
    const struct sigaction *action = &previous[index_of(info->si_signo)];
    const bool is_ignored = action->sa_handler == SIG_IGN;
    if (action->sa_handler != SIG_DFL && !is_ignored) {
        call_previous(action, info, context);
        return;
    }
    if (is_fault(info)) {
        /* The instruction is repeated and faults again. Faults cannot be ignored. */
        restore_default(info->si_signo);
    } else if (!is_ignored) {
        restore_default(info->si_signo);
        LANES_ASSERT(raise(info->si_signo) == 0);
    }
}

static lanes_os_fault describe(const siginfo_t *info)
{
    const uintptr_t address = (uintptr_t)info->si_addr;
    const struct guard_thread *thread = this_thread;
    return (lanes_os_fault){
        .signal_number = info->si_signo,
        .code = info->si_code,
        .address = address,
        .is_stack_overflow = info->si_signo == SIGSEGV &&
                             address >= thread->overflow_begin &&
                             address < thread->overflow_end,
    };
}

static void restore_mask(const ucontext_t *context)
{
    sigset_t mask;
    sigemptyset(&mask);
    memcpy(&mask, &context->uc_sigmask, _NSIG / 8); /* all that the kernel has written */
    LANES_ASSERT(pthread_sigmask(SIG_SETMASK, &mask, NULL) == 0);
}

/*
 * Back to where the call was begun. Who calls this has forgotten the call before, so that
 * a fault from here on is ours and the next interrupt finds nothing to end: before a jump
 * AddressSanitizer takes a lock of this thread.
 */
static _Noreturn void end_call(struct guarded_call *call, lanes_os_fault fault,
                               const ucontext_t *context)
{
    call->fault = fault;
    restore_mask(context);
    siglongjmp(call->jump, 1);
}

static void handle(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    struct guarded_call *call = this_call;
    if (call != NULL && is_fault(info)) {
        this_call = NULL;
        end_call(call, describe(info), context);
    }
    const int saved_errno = errno;
    pass_on(info, context);
    errno = saved_errno;
}

/*
 * Another thread wants this call ended. The signal may be late: then the thread is in no
 * guarded call, or in one with another ticket.
 */
static void handle_interrupt(int signal_number, siginfo_t *info, void *context)
{
    (void)signal_number;
    struct guarded_call *call = this_call;
    if (call == NULL || info->si_code != SI_QUEUE || info->si_pid != getpid() ||
        call->ticket == 0 || call->ticket != (uintptr_t)info->si_value.sival_ptr) {
        return;
    }
    this_call = NULL;
    end_call(call, (lanes_os_fault){.signal_number = SIGURG, .code = SI_QUEUE}, context);
}

/* ---- Threads -------------------------------------------------------------------- */

static bool is_main_thread(void)
{
    return gettid() == getpid();
}

static void find_overflow_range(struct guard_thread *thread)
{
    pthread_attr_t attributes;
    void *stack = NULL; /* its lowest byte, above the guard */
    size_t stack_bytes = 0;
    size_t guard_bytes = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
        return; /* overflows are faults like others then */
    }
    LANES_ASSERT(pthread_attr_getstack(&attributes, &stack, &stack_bytes) == 0);
    LANES_ASSERT(pthread_attr_getguardsize(&attributes, &guard_bytes) == 0);
    pthread_attr_destroy(&attributes);
    const uintptr_t begin = (uintptr_t)stack;
    const uintptr_t below = is_main_thread() ? MAIN_GAP_BYTES : guard_bytes;
    thread->overflow_begin = begin > below ? begin - below : 0;
    thread->overflow_end = is_main_thread() ? begin + MAIN_GAP_BYTES : begin;
}

static void leave_thread(void *value)
{
    const struct guard_thread thread = *(struct guard_thread *)value;
    this_thread = NULL;
    stack_t now;
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == thread.own.ss_sp) {
        LANES_ASSERT(sigaltstack(&thread.before, NULL) == 0);
    }
    munmap(thread.mapping, thread.mapping_bytes);
}

static size_t round_up(size_t value, size_t step)
{
    return (value + step - 1) / step * step;
}

/* False: this thread has no alternate stack and gets none. */
static __attribute__((noinline)) bool enter_thread(void)
{
    if (!is_installed) {
        return false;
    }
    const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    const size_t stack_bytes =
        round_up(STACK_BYTES + getauxval(AT_MINSIGSTKSZ), page_bytes);
    const size_t bytes =
        page_bytes + stack_bytes + round_up(sizeof(struct guard_thread), page_bytes);
    char *mapping = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        return false;
    }
    char *stack = mapping + page_bytes;
    struct guard_thread *thread = (struct guard_thread *)(void *)(stack + stack_bytes);
    if (mprotect(stack, bytes - page_bytes, PROT_READ | PROT_WRITE) != 0 ||
        pthread_setspecific(thread_key, thread) != 0) {
        munmap(mapping, bytes);
        return false;
    }
    thread->mapping = mapping;
    thread->mapping_bytes = bytes;
    thread->own = (stack_t){.ss_sp = stack, .ss_size = stack_bytes};
    if (sigaltstack(&thread->own, &thread->before) != 0) {
        LANES_ASSERT(pthread_setspecific(thread_key, NULL) == 0);
        munmap(mapping, bytes);
        return false;
    }
    find_overflow_range(thread);
    this_thread = thread;
    return true;
}

lanes_status lanes_os_guard_install(lanes_error *err)
{
    if (is_installed) {
        return LANES_OK;
    }
    const int result = pthread_key_create(&thread_key, leave_thread);
    if (result != 0) {
        return lanes_error_errno(err, result, "cannot guard against faults");
    }
    struct sigaction action = {
        .sa_sigaction = handle,
        .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
    };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        LANES_ASSERT(sigaction(guarded_signals[i], &action, &previous[i]) == 0);
    }
    action.sa_sigaction = handle_interrupt;
    action.sa_flags |= SA_RESTART;
    LANES_ASSERT(sigaction(SIGURG, &action, NULL) == 0);
    is_installed = true;
    return LANES_OK;
}

void lanes_os_guard_interrupt(pthread_t thread, uint64_t ticket)
{
    union {
        uint64_t ticket;
        union sigval value;
    } payload = {.ticket = ticket};
    /* With no memory for the signal it is not sent. */
    LANES_IGNORE(pthread_sigqueue(thread, SIGURG, payload.value) != 0, "asked again");
}

bool lanes_os_fault_is_interrupt(const lanes_os_fault *fault)
{
    return fault->signal_number == SIGURG;
}

/*
 * Not inlined: a function that calls sigsetjmp should have few variables. Those of this
 * one that are used after the jump never change; `call` is written by the handler, and
 * known to it from a volatile word.
 */
__attribute__((noinline)) bool lanes_os_guard_call_for(uint64_t ticket,
                                                       void (*fn)(void *ctx), void *ctx,
                                                       lanes_os_fault *out_fault)
{
    LANES_ASSERT(this_call == NULL);
    if (this_thread == NULL && !enter_thread()) {
        fn(ctx);
        return true;
    }
    struct guarded_call call;
    call.ticket = ticket;
    if (sigsetjmp(call.jump, 0) != 0) {
        *out_fault = call.fault;
        return false;
    }
    this_call = &call;
    fn(ctx);
    this_call = NULL;
    return true;
}

bool lanes_os_guard_call(void (*fn)(void *ctx), void *ctx, lanes_os_fault *out_fault)
{
    return lanes_os_guard_call_for(0, fn, ctx, out_fault);
}

bool lanes_os_fault_is_missing_memory(const lanes_os_fault *fault)
{
    return fault->signal_number == SIGBUS && fault->code == BUS_ADRERR;
}

void lanes_os_fault_format(const lanes_os_fault *fault, char *text, size_t text_bytes)
{
    const size_t index = index_of(fault->signal_number);
    const char *name = index < SIGNAL_COUNT ? signal_names[index] : "a signal";
    const char *before = fault->is_stack_overflow ? "stack overflow (" : "";
    const char *after = fault->is_stack_overflow ? ")" : "";
    if (fault->code == SI_KERNEL) {
        /* Such as an address that is not canonical: the CPU does not report it. */
        snprintf(text, text_bytes, "%s%s at an unknown address%s", before, name, after);
        return;
    }
    const bool is_datum =
        fault->signal_number == SIGSEGV || fault->signal_number == SIGBUS;
    snprintf(text, text_bytes, "%s%s at %s 0x%llx%s", before, name,
             is_datum ? "address" : "instruction", (unsigned long long)fault->address,
             after);
}
