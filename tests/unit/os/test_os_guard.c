/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_os_guard.c - faults inside and outside guarded calls.
 *
 * Faults are made by the machine, not by raise(). What must end the process happens in a
 * forked child. Not tested: reports of broken memory (BUS_MCEERR_*), which need a
 * machine-check injection.
 */
#include "os/os_guard.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic.h"
#include "support/mappings.h"
#include "support/wrap.h"

/* The sanitizers shall let these faults happen. */
#define FAULTS __attribute__((noinline, no_sanitize("undefined", "address")))

#define DEATH_BY_PREVIOUS                                                                \
    42 /* exit status of a child whose earlier handler was called                        \
        */

#define OTHER_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE)

static bool is_mmap_failing;

TEST_WRAP(void *, mmap, (void *, size_t, int, int, int, off_t));

void *wrap_mmap(void *address, size_t bytes, int protection, int flags, int fd,
                off_t offset)
{
    return is_mmap_failing ? MAP_FAILED
                           : real_mmap(address, bytes, protection, flags, fd, offset);
}

static void install(void)
{
    cr_assert_eq(lanes_os_guard_install(NULL), LANES_OK);
}

/* ---- Code that faults ------------------------------------------------------------ */

static void add_one(void *ctx)
{
    ++*(int *)ctx;
}

FAULTS static void write_to(void *ctx)
{
    volatile char *address = ctx;
    __asm__("" : "+r"(address)); /* the compiler shall not see that it is NULL */
    *address = 1;
}

FAULTS static int recurse(volatile int depth)
{
    volatile char frame[64];
    frame[depth % 64] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + frame[depth % 64];
}

static void recurse_for_ever(void *ctx)
{
    *(volatile int *)ctx = recurse(0);
}

#if defined(__x86_64__)
static void divide_by_zero(void *ctx)
{
    (void)ctx;
    __asm__ volatile("xor %%ecx, %%ecx\n\tmov $1, %%eax\n\tcltd\n\tidiv %%ecx"
                     :
                     :
                     : "eax", "ecx", "edx");
}

static void run_no_instruction(void *ctx)
{
    (void)ctx;
    __asm__ volatile("ud2");
}
#endif

static void send_to_itself(void *ctx)
{
    kill(getpid(), *(const int *)ctx);
}

static lanes_os_fault fault_of(void (*fn)(void *ctx), void *ctx)
{
    lanes_os_fault fault = {0};
    cr_assert_not(lanes_os_guard_call(fn, ctx, &fault));
    return fault;
}

static void expect_text(const lanes_os_fault *fault, const char *expected)
{
    char text[96];
    lanes_os_fault_format(fault, text, sizeof(text));
    cr_assert_str_eq(text, expected);
}

/* ---- Inside a guard -------------------------------------------------------------- */

Test(os_guard, a_call_that_returns_is_a_call)
{
    install();
    int count = 0;
    lanes_os_fault fault = {.signal_number = 77};
    cr_assert(lanes_os_guard_call(add_one, &count, &fault));
    cr_assert(lanes_os_guard_call(add_one, &count, &fault));
    cr_assert_eq(count, 2);
    cr_assert_eq(fault.signal_number, 77, "written only on a fault");
}

Test(os_guard, a_wild_write_is_a_segmentation_fault_with_its_address)
{
    install();
    for (int i = 0; i < 3; i++) {
        const lanes_os_fault fault = fault_of(write_to, (void *)16);
        cr_assert_eq(fault.signal_number, SIGSEGV);
        cr_assert_eq(fault.code, SEGV_MAPERR);
        cr_assert_eq(fault.address, 16);
        cr_assert_eq(fault.is_stack_overflow, 0);
        expect_text(&fault, "SIGSEGV at address 0x10");
    }
    cr_assert_eq(fault_of(write_to, (void *)0xffffffffffff0000).is_stack_overflow, 0);
    int count = 0;
    lanes_os_fault fault;
    cr_assert(lanes_os_guard_call(add_one, &count, &fault), "and guards go on working");
    cr_assert_eq(count, 1);
}

Test(os_guard, a_mapping_without_its_file_is_a_bus_error)
{
    install();
    const int fd = memfd_create("test", MFD_CLOEXEC);
    cr_assert_eq(ftruncate(fd, 8192), 0);
    char *data = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    cr_assert_neq(data, MAP_FAILED);
    lanes_os_fault fault;
    cr_assert(lanes_os_guard_call(write_to, data + 4096, &fault));
    cr_assert_eq(ftruncate(fd, 4096), 0);
    fault = fault_of(write_to, data + 4096);
    cr_assert_eq(fault.signal_number, SIGBUS);
    cr_assert_eq(fault.address, (uintptr_t)data + 4096);
    cr_assert(lanes_os_fault_is_missing_memory(&fault));
    fault = fault_of(write_to, (void *)16);
    cr_assert_not(lanes_os_fault_is_missing_memory(&fault));
    munmap(data, 8192);
    close(fd);
}

#if defined(__x86_64__)
Test(os_guard, integer_division_by_zero)
{
    install();
    lanes_os_fault fault = fault_of(divide_by_zero, NULL);
    cr_assert_eq(fault.signal_number, SIGFPE);
    cr_assert_eq(fault.code, FPE_INTDIV);
    fault.address = 0xabc;
    expect_text(&fault, "SIGFPE at instruction 0xabc");
}

Test(os_guard, an_instruction_that_is_none)
{
    install();
    cr_assert_eq(fault_of(run_no_instruction, NULL).signal_number, SIGILL);
}

Test(os_guard, an_address_that_the_processor_does_not_tell)
{
    install();
    const lanes_os_fault fault = fault_of(write_to, (void *)0x8000000000000000);
    cr_assert_eq(fault.signal_number, SIGSEGV);
    cr_assert_eq(fault.address, 0);
    expect_text(&fault, "SIGSEGV at an unknown address");
}
#endif

/* After a fault with only SIGUSR2 blocked. */
static void expect_mask_unchanged(void)
{
    sigset_t before;
    sigset_t after;
    sigemptyset(&before);
    sigaddset(&before, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    fault_of(write_to, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int i = 1; i < SIGRTMIN; i++) {
        cr_assert_eq(sigismember(&after, i), i == SIGUSR2, "signal %d", i);
    }
}

Test(os_guard, the_signal_mask_stays_as_it_was)
{
    install();
    expect_mask_unchanged();
}

Test(os_guard, the_signal_mask_is_restored_if_others_have_blocked_all)
{
    install();
    struct sigaction action;
    cr_assert_eq(sigaction(SIGSEGV, NULL, &action), 0);
    sigfillset(&action.sa_mask);
    cr_assert_eq(sigaction(SIGSEGV, &action, NULL), 0);
    expect_mask_unchanged();
}

Test(os_guard, texts_are_cut_to_their_space)
{
    const lanes_os_fault fault = {.signal_number = SIGSEGV, .address = 16};
    char text[8] = "1234567";
    lanes_os_fault_format(&fault, text, 4);
    cr_assert_str_eq(text, "SIG");
    cr_assert_eq(text[4], '5');
    const lanes_os_fault overflow = {
        .signal_number = SIGSEGV, .address = 0xff0, .is_stack_overflow = 1};
    expect_text(&overflow, "stack overflow (SIGSEGV at address 0xff0)");
    const lanes_os_fault other = {.signal_number = SIGUSR1};
    expect_text(&other, "a signal at instruction 0x0");
}

/* ---- Stacks ---------------------------------------------------------------------- */

static void *overflow_often(void *ctx)
{
    (void)ctx;
    int result = 0;
    for (int i = 0; i < 100; i++) {
        const lanes_os_fault fault = fault_of(recurse_for_ever, &result);
        cr_assert_eq(fault.signal_number, SIGSEGV);
        cr_assert_eq(fault.is_stack_overflow, 1, "address %llx",
                     (unsigned long long)fault.address);
        cr_assert_eq(fault_of(write_to, NULL).is_stack_overflow, 0);
    }
    return NULL;
}

Test(os_guard, the_main_thread_s_stack_overflows, .timeout = 60)
{
    install();
    overflow_often(NULL);
}

Test(os_guard, the_main_thread_s_stack_ends_above_another_mapping, .timeout = 60)
{
    install();
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    char *other;
    __asm__("" : "=r"(other) : "0"((here - (4u << 20)) / page * page));
    cr_assert_eq(mmap(other, page, PROT_READ, OTHER_FLAGS, -1, 0), other);
    overflow_often(NULL);
}

static void in_thread(void *(*fn)(void *ctx), void *ctx)
{
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, fn, ctx), 0);
    pthread_join(thread, NULL);
}

Test(os_guard, stacks_of_several_threads_overflow, .timeout = 60)
{
    install();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, overflow_often, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void *fault_once(void *ctx)
{
    (void)ctx;
    fault_of(write_to, NULL);
    return NULL;
}

Test(os_guard, the_alternate_stack_is_large_and_has_a_guard_page)
{
    install();
    fault_once(NULL);
    stack_t stack;
    cr_assert_eq(sigaltstack(NULL, &stack), 0);
    cr_assert_eq(stack.ss_flags, 0, "there is one");
    cr_assert_geq(stack.ss_size, (64u << 10) + getauxval(AT_MINSIGSTKSZ));
    char *lowest = stack.ss_sp;
    lanes_os_fault fault;
    cr_assert(lanes_os_guard_call(write_to, lowest, &fault));
    fault = fault_of(write_to, lowest - 1);
    cr_assert_eq(fault.signal_number, SIGSEGV);
    cr_assert_eq(fault.is_stack_overflow, 0, "not the thread's own stack");
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    cr_assert_eq(mmap(lowest - page, page, PROT_READ, OTHER_FLAGS, -1, 0), MAP_FAILED,
                 "nothing else gets that page");
}

Test(os_guard, threads_leave_no_mappings, .timeout = 60)
{
    install();
    for (int i = 0; i < 20; i++) {
        in_thread(fault_once, NULL);
    }
    const size_t before = count_mappings(0, "");
    for (int i = 0; i < 1000; i++) {
        in_thread(fault_once, NULL);
    }
    const size_t after = count_mappings(0, "");
    cr_assert_leq(after, before + 20, "%zu mappings have become %zu", before, after);
}

static char other_stack[64 << 10];
static stack_t stack_at_start; /* of the thread: a sanitizer's, which it will want back */
static stack_t stack_at_exit;

static void look_at_stack(void *value)
{
    (void)value;
    sigaltstack(&stack_at_start, &stack_at_exit);
}

static void *fault_with_other_stack(void *ctx)
{
    /* Destructors of keys that were made later run later. */
    pthread_setspecific(*(pthread_key_t *)ctx, ctx);
    stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
    cr_assert_eq(sigaltstack(&stack, &stack_at_start), 0);
    fault_of(write_to, NULL);
    sigaltstack(NULL, &stack);
    cr_assert_neq(stack.ss_sp, other_stack);
    return NULL;
}

Test(os_guard, a_thread_s_own_alternate_stack_comes_back)
{
    install();
    pthread_key_t key;
    cr_assert_eq(pthread_key_create(&key, look_at_stack), 0);
    in_thread(fault_with_other_stack, &key);
    cr_assert_eq(stack_at_exit.ss_sp, other_stack);
    cr_assert_eq(stack_at_exit.ss_flags, 0);
}

/* ---- Outside guards -------------------------------------------------------------- */

static void previous_handler(int signal_number)
{
    _exit(signal_number == SIGSEGV ? DEATH_BY_PREVIOUS : 1);
}

static void previous_action(int signal_number, siginfo_t *info, void *context)
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    const bool is_right = signal_number == SIGSEGV && info->si_addr == (void *)16 &&
                          context != NULL && sigismember(&mask, SIGSEGV) &&
                          sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGUSR2);
    _exit(is_right ? DEATH_BY_PREVIOUS : 1);
}

static void handle_segv(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    cr_assert_eq(sigaction(SIGSEGV, &action, NULL), 0);
}

/* Runs fn(ctx) in a child and returns how that ended. */
static int end_of(void (*fn)(void *ctx), void *ctx)
{
    const pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        const int null = open("/dev/null", O_WRONLY);
        if (null >= 0) {
            dup2(null, STDERR_FILENO); /* sanitizers' reports */
        }
        fn(ctx);
        _exit(0);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

static void expect_killed(int status, int signal_number)
{
#if defined(LANES_SANITIZED)
    if (WIFEXITED(status)) {
        cr_assert_neq(WEXITSTATUS(status), 0, "the sanitizer's handler has reported it");
        return;
    }
#endif
    cr_assert(WIFSIGNALED(status), "status %x", status);
    cr_assert_eq(WTERMSIG(status), signal_number);
}

static void expect_previous(int status)
{
    cr_assert(WIFEXITED(status), "status %x", status);
    cr_assert_eq(WEXITSTATUS(status), DEATH_BY_PREVIOUS);
}

Test(os_guard, a_fault_outside_guards_ends_the_process)
{
    install();
    expect_killed(end_of(write_to, NULL), SIGSEGV);
    fault_once(NULL);
    const int status = end_of(write_to, NULL);
    expect_killed(status, SIGSEGV);
#if defined(__SANITIZE_ADDRESS__)
    cr_assert(WIFEXITED(status), "its handler was there before ours");
#endif
#if defined(__x86_64__)
    expect_killed(end_of(divide_by_zero, NULL), SIGFPE);
    expect_killed(end_of(run_no_instruction, NULL), SIGILL);
#endif
}

Test(os_guard, an_earlier_handler_gets_faults_outside_guards_only)
{
    handle_segv(previous_handler);
    install();
    install(); /* twice is once */
    fault_once(NULL);
    expect_previous(end_of(write_to, NULL));
}

Test(os_guard, an_earlier_handler_is_called_as_it_asked)
{
    struct sigaction action = {.sa_sigaction = previous_action, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    cr_assert_eq(sigaction(SIGSEGV, &action, NULL), 0);
    install();
    expect_previous(end_of(write_to, (void *)16));
}

static int resettable_calls;

static void count_call(int signal_number)
{
    (void)signal_number;
    resettable_calls++;
}

static void fault_until_reset(void *ctx)
{
    (void)ctx;
    struct sigaction action = {.sa_handler = count_call, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGSEGV, &action, NULL);
    LANES_IGNORE(lanes_os_guard_install(NULL), "a failure shows in how the child ends");
    write_to(NULL);
}

Test(os_guard, an_earlier_handler_for_one_signal_is_called_once)
{
    const int status = end_of(fault_until_reset, NULL);
    cr_assert(WIFSIGNALED(status), "status %x", status);
    cr_assert_eq(WTERMSIG(status), SIGSEGV);
}

static void send_in_guard(void *ctx)
{
    lanes_os_fault fault;
    LANES_IGNORE(lanes_os_guard_call(send_to_itself, ctx, &fault), "must not return");
}

Test(os_guard, a_signal_that_somebody_sent_is_no_fault)
{
    int signal_number = SIGSEGV;
    handle_segv(previous_handler);
    install();
    expect_previous(end_of(send_in_guard, &signal_number));
}

Test(os_guard, a_signal_that_somebody_sent_kills_by_default)
{
    int signal_number = SIGSEGV;
    handle_segv(SIG_DFL);
    install();
    const int status = end_of(send_in_guard, &signal_number);
    cr_assert(WIFSIGNALED(status), "status %x", status);
    cr_assert_eq(WTERMSIG(status), SIGSEGV);
}

Test(os_guard, an_ignored_signal_stays_ignored_but_faults_do_not)
{
    int signal_number = SIGSEGV;
    handle_segv(SIG_IGN);
    install();
    lanes_os_fault fault;
    cr_assert(lanes_os_guard_call(send_to_itself, &signal_number, &fault));
    const int status = end_of(write_to, NULL);
    cr_assert(WIFSIGNALED(status), "status %x", status);
    cr_assert_eq(WTERMSIG(status), SIGSEGV);
}

static uint32_t is_other_inside;

static void wait_for_the_end(void *ctx)
{
    (void)ctx;
    lanes_store_release_u32(&is_other_inside, 1);
    for (;;) {
        pause();
    }
}

static void *wait_in_guard(void *ctx)
{
    lanes_os_fault fault;
    LANES_IGNORE(lanes_os_guard_call(wait_for_the_end, NULL, &fault), "must not return");
    return ctx;
}

static void fault_beside_guard(void *ctx)
{
    pthread_t thread;
    pthread_create(&thread, NULL, wait_in_guard, ctx);
    while (lanes_load_acquire_u32(&is_other_inside) == 0) {
        sched_yield();
    }
    write_to(NULL);
}

Test(os_guard, another_thread_s_guard_does_not_count)
{
    handle_segv(previous_handler);
    install();
    expect_previous(end_of(fault_beside_guard, NULL));
}

static void nest(void *ctx)
{
    lanes_os_fault fault;
    LANES_IGNORE(lanes_os_guard_call(add_one, ctx, &fault), "must not return");
}

Test(os_guard, guards_do_not_nest, .signal = SIGABRT)
{
    install();
    int count = 0;
    lanes_os_fault fault;
    LANES_IGNORE(lanes_os_guard_call(nest, &count, &fault), "must not return");
}

/* ---- Without ---------------------------------------------------------------------- */

static void call_unguarded(void *ctx)
{
    int count = 0;
    lanes_os_fault fault;
    if (lanes_os_guard_call(add_one, &count, &fault) && count == 1) {
        LANES_IGNORE(lanes_os_guard_call(write_to, ctx, &fault), "must not return");
    }
}

Test(os_guard, without_handlers_a_call_is_plain)
{
    handle_segv(previous_handler);
    expect_previous(end_of(call_unguarded, NULL));
}

Test(os_guard, without_memory_a_call_is_plain)
{
    handle_segv(previous_handler);
    install();
    is_mmap_failing = true;
    expect_previous(end_of(call_unguarded, NULL));
    is_mmap_failing = false;
    fault_once(NULL);
}
