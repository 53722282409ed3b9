/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_codegen.c - a code generator without LLVM that does what its "IR" says.
 *
 * "ok", "refuse" and "write BYTES" end as a compile does; every other word is something
 * that foreign IR may make LLVM do, or that nobody should be able to do in a sandbox.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "codegen/codegen.h"

lanes_status lanes_codegen_init(lanes_error *err)
{
    (void)err;
    return LANES_OK;
}

const char *lanes_codegen_llvm_version(void)
{
    return "0.0.0";
}

static void (*fatal_handler)(const char *reason);

void lanes_codegen_set_fatal_handler(void (*handler)(const char *reason))
{
    fatal_handler = handler;
}

void lanes_codegen_output_deinit(lanes_codegen_output *output)
{
    free(output->report);
    free(output->object);
}

static void do_loop(void)
{
    static volatile uint64_t turns;
    for (;;) {
        turns++;
    }
}

/* Uses wall time and no CPU. */
static void do_sleep(void)
{
    static uint32_t word;
    for (;;) {
        syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
    }
}

static void do_segfault(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1; /* NOLINT(clang-analyzer-core.NullDereference) */
}

static void do_allocate(void)
{
    for (size_t i = 0;; i++) {
        volatile char *block = malloc(1u << 20);
        if (block == NULL) {
            abort(); /* what LLVM does */
        }
        block[0] = (char)i;
    }
}

static void do_allocate_at_once(void)
{
    char *volatile block = malloc(1ull << 44);
    if (block == NULL) {
        abort();
    }
    free(block);
}

static void do_socket(void)
{
    LANES_IGNORE(socket(AF_UNIX, SOCK_STREAM, 0) < 0, "it does not return");
}

static void do_execute_memory(void)
{
    LANES_IGNORE(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                      0) == MAP_FAILED,
                 "it does not return");
}

static void do_kill_parent(void)
{
    kill(getppid(), SIGTERM);
}

static void do_write_elsewhere(void)
{
    LANES_IGNORE(pwrite(4, "x", 1, 0) < 0, "it does not return");
}

static void do_execute(void)
{
    char name[] = "true";
    char *const argv[] = {name, NULL};
    execv("/bin/true", argv);
}

static void do_fork(void)
{
    if (fork() == 0) {
        for (;;) {
            pause();
        }
    }
}

static void do_thread(void)
{
    syscall(SYS_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0);
}

static void do_trace(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void do_make_executable(void)
{
    void *block =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    LANES_IGNORE(mprotect(block, 4096, PROT_READ | PROT_EXEC) != 0, "it does not return");
}

static void do_read_elsewhere(void)
{
    char byte;
    LANES_IGNORE(pread(4, &byte, 1, 0) < 0, "it does not return");
}

static void do_connect(void)
{
    LANES_IGNORE(connect(2, NULL, 0) < 0, "it does not return");
}

/* Refused without killing: LLVM looks for files and copes when there are none. */
static void do_open(void)
{
    if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES) {
        abort();
    }
}

static void do_fatal(void)
{
    fatal_handler("cannot select an instruction");
}

static void do_nothing(void)
{
}

static const struct {
    const char *word;
    void (*run)(void);
} words[] = {
    {"ok", do_nothing},
    {"loop", do_loop},
    {"sleep", do_sleep},
    {"abort", abort},
    {"segfault", do_segfault},
    {"allocate", do_allocate},
    {"allocate-at-once", do_allocate_at_once},
    {"socket", do_socket},
    {"execute-memory", do_execute_memory},
    {"kill-parent", do_kill_parent},
    {"write-elsewhere", do_write_elsewhere},
    {"open", do_open},
    {"execute", do_execute},
    {"fork", do_fork},
    {"thread", do_thread},
    {"trace", do_trace},
    {"make-executable", do_make_executable},
    {"read-elsewhere", do_read_elsewhere},
    {"connect", do_connect},
    {"fatal", do_fatal},
};

/* "known": the codes a request names must be bytes 1, 2, 3 ..., repeated. */
static bool are_known(const lanes_compile_request *request, const lanes_code_key *known)
{
    for (uint32_t i = 0; i < request->known_count; i++) {
        for (size_t k = 0; k < sizeof(known[i].bytes); k++) {
            if (known[i].bytes[k] != i + 1) {
                return false;
            }
        }
    }
    return request->known_count > 0;
}

void lanes_codegen_compile(const lanes_compile_request *request, const char *ir,
                           const lanes_code_key *known, lanes_codegen_output *out)
{
    *out = (lanes_codegen_output){.result = {.version = LANES_COMPILE_VERSION}};
    bool is_known = strncmp(ir, "write ", 6) == 0;
    const size_t object_bytes = is_known ? strtoul(ir + 6, NULL, 10) : 6;
    for (size_t i = 0; i < LANES_ARRAY_COUNT(words); i++) {
        if (strlen(words[i].word) == request->ir_bytes &&
            strcmp(words[i].word, ir) == 0) {
            words[i].run();
            is_known = true;
        }
    }
    out->report = strdup("{\"fake\":1}");
    out->result.report_bytes = strlen(out->report);
    if (strcmp(ir, "known") == 0 && are_known(request, known)) {
        out->result.is_known = 1;
        return;
    }
    if (!is_known) {
        out->result.status = LANES_E_IR_PARSE;
        snprintf(out->result.message, sizeof(out->result.message), "unknown word '%s'",
                 ir);
        return;
    }
    out->object = malloc(object_bytes);
    memset(out->object, 'o', object_bytes);
    out->result.object_bytes = object_bytes;
}
