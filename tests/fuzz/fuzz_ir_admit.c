/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ir_admit.c - any bytes as IR: read, admitted or refused, compiled; in a child
 * each, as in lanes-compiler, because LLVM does not survive everything.
 *
 *   flags u8: 1 math exact, 2 stages wanted, 4 a signature follows (length u8 and text);
 *   then the IR
 *
 * A child that LLVM ends (a crash with LLVM's code on top, a fatal error, too much time)
 * is no finding: such children are counted and told at the end. One that ends in our code
 * is, and so is a result that the executor would not believe.
 *
 * What a child reached is copied into this process's counters, which libFuzzer looks at.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codegen/codegen.h"
#include "counters.h"
#include "fuzz.h"
#include "kernel/raised.h"

#define CPU_SECONDS 10
#define FRAMES_MAX  64

enum { EXIT_FINE = 0, EXIT_FATAL = 40, EXIT_LLVM = 41, EXIT_OURS = 42 };

static struct {
    uint64_t children;
    uint64_t fatal; /* LLVM gave up with a reason */
    uint64_t dead;  /* LLVM crashed, or took too long */
} counts;

static uint8_t *counters;
static size_t counter_bytes;
static uint8_t *reached; /* what the child's counters were; shared with it */

_Noreturn static void leave(int code)
{
    if (counter_bytes > 0) {
        memcpy(reached, counters, counter_bytes);
    }
    _exit(code);
}

/* Whose code is on top of what the signal interrupted? Not libc's, which both call. */
static void on_signal(int number)
{
    void *frames[FRAMES_MAX];
    const int count = backtrace(frames, FRAMES_MAX);
    bool is_behind = false; /* past the handler, whose caller is libc */
    for (int i = 0; i < count; i++) {
        Dl_info info;
        const bool is_known = dladdr(frames[i], &info) != 0 && info.dli_fname != NULL;
        const char *file = is_known ? info.dli_fname : "";
        const bool is_libc = strstr(file, "libc.so") != NULL;
        if (strstr(file, "libLLVM") != NULL || strstr(file, "libstdc++") != NULL) {
            leave(EXIT_LLVM);
        }
        if (is_behind && !is_libc && file[0] != '\0') {
            fprintf(stderr, "signal %d in code of lanes\n", number);
            backtrace_symbols_fd(frames, count, STDERR_FILENO);
            leave(EXIT_OURS);
        }
        is_behind = is_behind || is_libc;
    }
    leave(EXIT_LLVM); /* a stack that cannot be followed: LLVM recursed too deep */
}

static void on_fatal(const char *reason)
{
    (void)reason;
    leave(EXIT_FATAL);
}

static void confine(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGXCPU};
    static char stack[1u << 16];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    sigaltstack(&other, NULL);
    for (size_t i = 0; i < LANES_ARRAY_COUNT(signals); i++) {
        sigaction(signals[i], &action, NULL);
    }
    signal(SIGALRM, SIG_DFL);
    const struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS + 1};
    const struct rlimit core = {0, 0};
    FUZZ_CHECK(setrlimit(RLIMIT_CPU, &cpu) == 0 && setrlimit(RLIMIT_CORE, &core) == 0);
    lanes_codegen_set_fatal_handler(on_fatal);
}

/* As the executor checks it. */
static void check_output(const lanes_compile_request *request,
                         const lanes_codegen_output *output)
{
    const lanes_compile_result *result = &output->result;
    const lanes_signature *signature = &result->signature;
    FUZZ_CHECK(result->status <= 0);
    FUZZ_CHECK(strnlen(result->message, sizeof(result->message)) <
               sizeof(result->message));
    if (result->status < 0) {
        FUZZ_CHECK(result->message[0] != '\0');
        return;
    }
    FUZZ_CHECK(signature->input_count >= 1 && signature->output_count >= 1);
    FUZZ_CHECK(lanes_signature_operand_count(signature) <= LANES_OPERANDS_MAX);
    FUZZ_CHECK(signature->row_mask >> signature->input_count == 0);
    FUZZ_CHECK(result->object_bytes > 0 && result->report_bytes > 0);
    FUZZ_CHECK(result->symbol[0] != '\0' && output->report[0] == '{');
    FUZZ_CHECK(result->payload_count <= LANES_PAYLOADS_MAX);
    FUZZ_CHECK(result->argument_list_count <= LANES_PAYLOADS_MAX);
    for (uint32_t i = 0; i < result->payload_count; i++) {
        const lanes_payload *payload = &output->payloads[i];
        const uint64_t unit = payload->form == LANES_PAYLOAD_BITCODE ? 8 : 1;
        FUZZ_CHECK(payload->form == LANES_PAYLOAD_NONE ||
                   payload->offset + payload->bytes * unit <= request->ir_bytes * unit);
    }
    for (uint32_t i = 0; i < result->argument_list_count; i++) {
        FUZZ_CHECK(lanes_payload_arguments_is_sane(&output->argument_lists[i]));
    }
}

_Noreturn static void run_child(const lanes_compile_request *request, const char *ir)
{
    lanes_codegen_output output;
    confine();
    lanes_codegen_compile(request, ir, NULL, &output);
    check_output(request, &output);
    lanes_codegen_output_deinit(&output);
    leave(EXIT_FINE);
}

/* A report of a sanitizer names who was at fault by the first frame of either. */
static bool is_llvm_report(int fd)
{
    static char text[1u << 16];
    const ssize_t bytes = pread(fd, text, sizeof(text) - 1, 0);
    text[bytes > 0 ? bytes : 0] = '\0';
    const char *llvm = strstr(text, "libLLVM");
    const char *ours = strstr(text, "src/");
    return llvm != NULL && (ours == NULL || llvm < ours);
}

static void judge(int status, int fd)
{
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    const bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    counts.children++;
    if (code == EXIT_FATAL) {
        counts.fatal++;
    } else if (code == EXIT_LLVM || is_killed ||
               (code != EXIT_FINE && is_llvm_report(fd))) {
        counts.dead++;
    } else if (code != EXIT_FINE) {
        char text[4096];
        off_t at = 0;
        for (ssize_t n; (n = pread(fd, text, sizeof(text), at)) > 0; at += n) {
            FUZZ_CHECK(write(STDERR_FILENO, text, (size_t)n) == n);
        }
        fprintf(stderr, "a child has ended with status 0x%x\n", (unsigned)status);
        abort();
    }
}

static void tell(void)
{
    fprintf(stderr, "of %llu children LLVM gave up on %llu and ended %llu\n",
            (unsigned long long)counts.children, (unsigned long long)counts.fatal,
            (unsigned long long)counts.dead);
}

static void start(void)
{
    lanes_error err;
    FUZZ_CHECK(lanes_codegen_init(&err) == LANES_OK);
    counters = fuzz_counters(&counter_bytes);
    reached = mmap(NULL, counter_bytes + 1, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FUZZ_CHECK(reached != MAP_FAILED && atexit(tell) == 0);
}

static void run_forked(const lanes_compile_request *request, const char *ir)
{
    int status = 0;
    const int fd = memfd_create("stderr", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0);
    memset(reached, 0, counter_bytes);
    const pid_t child = fork();
    FUZZ_CHECK(child >= 0);
    if (child == 0) {
        dup2(fd, STDERR_FILENO);
        run_child(request, ir);
    }
    while (waitpid(child, &status, 0) != child) {
        FUZZ_CHECK(errno == EINTR); /* libFuzzer's alarm */
    }
    judge(status, fd);
    close(fd);
    for (size_t i = 0; i < counter_bytes; i++) {
        counters[i] |= reached[i];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static lanes_compile_request request;
    fuzz_input input = {data, bytes};
    const uint8_t flags = fuzz_u8(&input);
    if (reached == NULL) {
        start();
    }
    request = (lanes_compile_request){
        .version = LANES_COMPILE_VERSION,
        .math = (flags & 1) != 0 ? LANES_MATH_EXACT : LANES_MATH_VECTOR,
        .flags = (flags & 2) != 0 ? LANES_ABI_KERNEL_STAGES : 0,
        .default_key = 1,
        .cpu = "x86-64-v3", /* the same everywhere */
    };
    if ((flags & 4) != 0) {
        fuzz_take(&input, request.signature, fuzz_u8(&input));
    }
    request.ir_bytes = input.bytes;
    char *ir = fuzz_rest(&input, 1);
    run_forked(&request, ir);
    free(ir);
    return 0;
}
