/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.c - reads IR files; runs clang and Python for the rest.
 */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os_process.h"
#include "os/os_wait.h"

#define CHUNK_BYTES (64u << 10)

void source_release(source *ir)
{
    free(ir->text);
    free(ir->signature);
    *ir = (source){0};
}

/* Reads @p fd to its end, as long as that is within what lanes takes as IR. */
static int read_all(int fd, const char *name, source *out_source, cli_error *err)
{
    char *text = NULL;
    size_t used = 0;
    for (;;) {
        char *grown = realloc(text, used + CHUNK_BYTES + 1);
        if (grown == NULL || used > LANES_IR_BYTES_MAX) {
            free(grown != NULL ? grown : text);
            return cli_fail(err, CLI_BAD_DATA, LANES_E_IR_LIMIT,
                            "%s: more than %u bytes of IR, which is the limit", name,
                            LANES_IR_BYTES_MAX);
        }
        text = grown;
        const ssize_t got = read(fd, text + used, CHUNK_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            const int error = errno;
            free(text);
            return cli_fail(err, CLI_NO_INPUT, -error, "%s: cannot be read: %s", name,
                            strerror(error));
        }
        if (got == 0) {
            break;
        }
        used += (size_t)got;
    }
    text[used] = '\0';
    *out_source = (source){.text = text, .bytes = used};
    return CLI_OK;
}

static int load_file(const char *path, const char *signature, source *out_source,
                     cli_error *err)
{
    (void)signature;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cli_fail(err, CLI_NO_INPUT, -errno, "kernel %s cannot be opened: %s", path,
                        strerror(errno));
    }
    const int exit_code = read_all(fd, path, out_source, err);
    close(fd);
    if (exit_code == CLI_OK && out_source->bytes == 0) {
        source_release(out_source);
        return cli_fail(err, CLI_BAD_DATA, LANES_E_IR_PARSE, "kernel %s is empty", path);
    }
    return exit_code;
}

/*
 * Runs @p argv, whose first string may be searched for in PATH, and takes its standard
 * output. *out_started is a failure if it did not start; *out_ended is how it ended if it
 * did.
 */
static int run_program(const char *const *argv, const char *name, source *out_source,
                       lanes_status *out_started, lanes_os_exit *out_ended,
                       cli_error *err)
{
    int output = -1;
    lanes_os_child child = LANES_OS_CHILD_NONE;
    lanes_error cause = {.message = ""};
    const lanes_os_spawn spawn = {.path = argv[0],
                                  .argv = argv,
                                  .flags = LANES_OS_SPAWN_SEARCH,
                                  .out_output = &output};
    *out_started = lanes_os_spawn_program(&spawn, &child, &cause);
    if (*out_started < 0) {
        return cli_fail(err, CLI_UNAVAILABLE, *out_started, "%s", cause.message);
    }
    const int exit_code = read_all(output, name, out_source, err);
    close(output); /* first: it may be waiting for room in the pipe */
    if (lanes_os_child_wait(&child, LANES_OS_FOREVER, out_ended) < 0) {
        *out_ended = (lanes_os_exit){.code = -1};
    }
    return exit_code;
}

/*
 * Compiles with one compiler; *out_exit_code is how that went. False if the compiler is
 * not there.
 *
 * Errors of math functions are not reported through errno, which is all that
 * -fno-math-errno means; values and rounding are those of strict C. Loops inside the
 * callback stay scalar, so that whole elements can be vectorized.
 */
static bool compile_c(const char *compiler, const char *path, source *out_source,
                      int *out_exit_code, cli_error *err)
{
    const char *const argv[] = {compiler,
                                "-O2",
                                "-fno-math-errno",
                                "-ffp-contract=off",
                                "-fno-vectorize",
                                "-fno-slp-vectorize",
                                "-emit-llvm",
                                "-c",
                                "-o",
                                "-",
                                path,
                                NULL};
    lanes_status started;
    lanes_os_exit ended = {.code = -1};
    *out_exit_code = run_program(argv, path, out_source, &started, &ended, err);
    if (started == -ENOENT) {
        return false;
    }
    if (*out_exit_code == CLI_OK && ended.code != 0) {
        char how[64];
        lanes_os_exit_format(&ended, how, sizeof(how));
        source_release(out_source);
        *out_exit_code = cli_fail(err, CLI_BAD_DATA, LANES_E_IR_PARSE,
                                  "%s does not compile: %s %s", path, compiler, how);
    }
    return true;
}

/* LLVM reads what older versions wrote but not what newer ones did, so the compiler is
 * the one of lanes' LLVM or the newest older one; 14 is Debian 12's default. */
#define OLDEST_CLANG 14

static int load_c(const char *path, const char *signature, source *out_source,
                  cli_error *err)
{
    (void)signature;
    int exit_code;
    for (int major = CLI_LLVM_MAJOR; major >= OLDEST_CLANG; major--) {
        char compiler[24];
        snprintf(compiler, sizeof(compiler), "clang-%d", major);
        if (compile_c(compiler, path, out_source, &exit_code, err)) {
            return exit_code;
        }
    }
    if (compile_c("clang", path, out_source, &exit_code, err)) {
        return exit_code;
    }
    return cli_fail(
        err, CLI_UNAVAILABLE, -ENOENT,
        "kernel %s needs a C compiler: install clang-%d, or an older one down "
        "to clang-%d",
        path, CLI_LLVM_MAJOR, OLDEST_CLANG);
}

/* The script that exports Python functions, ../share/lanes from the program's folder. */
static bool find_script(char path[PATH_MAX])
{
    static const char tail[] = "/../share/lanes/export_numba.py";
    const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length <= 0) {
        return false;
    }
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) + sizeof(tail) > PATH_MAX) {
        return false;
    }
    memcpy(slash, tail, sizeof(tail));
    return true;
}

/*
 * The Python that has Numba: LANES_PYTHON, else that of the active virtual environment,
 * else the system's.
 */
static const char *find_python(char in_environment[PATH_MAX])
{
    const char *chosen = getenv("LANES_PYTHON");
    if (chosen != NULL && *chosen != '\0') {
        return chosen;
    }
    const char *environment = getenv("VIRTUAL_ENV");
    if (environment != NULL && *environment != '\0') {
        const int length =
            snprintf(in_environment, PATH_MAX, "%s/bin/python", environment);
        if (length < PATH_MAX && access(in_environment, X_OK) == 0) {
            return in_environment;
        }
    }
    return "/usr/bin/python3";
}

/* The IR that the script printed starts with a comment that holds the signature. */
static int take_signature(source *ir, cli_error *err)
{
    static const char mark[] = "; lanes signature: ";
    const size_t skipped = sizeof(mark) - 1;
    if (strncmp(ir->text, mark, skipped) != 0) {
        return cli_fail(err, CLI_INTERNAL, LANES_E_INTERNAL,
                        "export_numba.py is of another version; reinstall lanes");
    }
    ir->signature = strndup(ir->text + skipped, strcspn(ir->text + skipped, "\n"));
    return ir->signature != NULL ? CLI_OK
                                 : cli_fail(err, CLI_TRY_AGAIN, -ENOMEM, "no memory");
}

/*
 * The script prints the IR, or the reason why there is none, and ends with one of
 * sysexits.h's codes.
 */
static int run_script(const char *path, const char *function, const char *signature,
                      source *out_source, cli_error *err)
{
    char script[PATH_MAX];
    char in_environment[PATH_MAX];
    char how[64];
    const char *python = find_python(in_environment);
    if (!find_script(script) || access(script, R_OK) != 0) {
        return cli_fail(err, CLI_INTERNAL, -ENOENT,
                        "%s is missing; reinstall lanes to use Python kernels", script);
    }
    const char *const argv[] = {
        python, script, path, function, signature != NULL ? signature : "", NULL};
    lanes_status started;
    lanes_os_exit ended = {.code = -1};
    int exit_code = run_program(argv, path, out_source, &started, &ended, err);
    if (started < 0) {
        return cli_fail(err, CLI_UNAVAILABLE, started,
                        "cannot start %s: %s; name a Python with Numba in LANES_PYTHON",
                        python, lanes_status_text(started));
    }
    if (exit_code != CLI_OK || ended.code == 0) {
        return exit_code == CLI_OK ? take_signature(out_source, err) : exit_code;
    }
    const bool is_told =
        ended.code >= CLI_USAGE && ended.code <= 78 && out_source->bytes > 0;
    lanes_os_exit_format(&ended, how, sizeof(how));
    if (is_told) {
        exit_code = cli_fail(err, ended.code, LANES_E_IR_ENTRY, "%s", out_source->text);
    } else {
        exit_code = cli_fail(err, CLI_INTERNAL, LANES_E_INTERNAL,
                             "%s could not export %s from %s: it %s", python, function,
                             path, how);
    }
    source_release(out_source);
    return exit_code;
}

static int load_python(const char *kernel, const char *signature, source *out_source,
                       cli_error *err)
{
    const char *colon = strrchr(kernel, ':');
    char *path = strndup(kernel, (size_t)(colon - kernel));
    if (path == NULL) {
        return cli_fail(err, CLI_TRY_AGAIN, -ENOMEM, "no memory");
    }
    const int exit_code = run_script(path, colon + 1, signature, out_source, err);
    free(path);
    return exit_code;
}

/* Forms of KERNEL; `suffix` ends the file's name. */
static const struct form {
    const char *suffix;
    bool has_function;
    int (*load)(const char *kernel, const char *signature, source *out_source,
                cli_error *err);
} forms[] = {
    {".ll", false, load_file},
    {".bc", false, load_file},
    {".c", false, load_c},
    {".py", true, load_python},
};

/* The form of @p kernel and the length of its file's name; NULL if it has none. */
static const struct form *find_form(const char *kernel, size_t *out_path_length)
{
    for (size_t i = 0; i < CLI_COUNT_OF(forms); i++) {
        const char *colon = forms[i].has_function ? strrchr(kernel, ':') : NULL;
        if (forms[i].has_function && (colon == NULL || colon[1] == '\0')) {
            continue;
        }
        const size_t length = colon != NULL ? (size_t)(colon - kernel) : strlen(kernel);
        const size_t suffix_length = strlen(forms[i].suffix);
        if (length > suffix_length && memcmp(kernel + length - suffix_length,
                                             forms[i].suffix, suffix_length) == 0) {
            *out_path_length = length;
            return &forms[i];
        }
    }
    return NULL;
}

/* How to make IR of a file that lanes does not compile itself; NULL if that is unknown.
 */
static const char *find_hint(const char *kernel)
{
    static const struct {
        const char *suffix;
        const char *hint;
    } rows[] = {
        {".rs", "make IR of it: rustc -O --crate-type=lib --emit=llvm-ir FILE.rs"},
        {".cpp", "make IR of it: clang++ -O2 -fno-math-errno -S -emit-llvm FILE.cpp"},
        {".cc", "make IR of it: clang++ -O2 -fno-math-errno -S -emit-llvm FILE.cc"},
        {".cxx", "make IR of it: clang++ -O2 -fno-math-errno -S -emit-llvm FILE.cxx"},
        {".f90", "make IR of it: flang -O2 -S -emit-llvm FILE.f90"},
        {".f", "make IR of it: flang -O2 -S -emit-llvm FILE.f"},
        {".py", "add the function's name: FILE.py:function"},
        {".o", "machine code cannot be vectorized; make IR with clang -S -emit-llvm"},
        {".so", "machine code cannot be vectorized; make IR with clang -S -emit-llvm"},
    };
    const size_t length = strlen(kernel);
    for (size_t i = 0; i < CLI_COUNT_OF(rows); i++) {
        const size_t suffix_length = strlen(rows[i].suffix);
        if (length > suffix_length &&
            strcmp(kernel + length - suffix_length, rows[i].suffix) == 0) {
            return rows[i].hint;
        }
    }
    return NULL;
}

int source_check(const char *kernel, cli_error *err)
{
    size_t length;
    struct stat facts;
    int error = 0;
    if (find_form(kernel, &length) == NULL) {
        const char *hint = find_hint(kernel);
        return cli_fail(
            err, CLI_USAGE, LANES_E_INVALID,
            "kernel '%s' is not file.ll, file.bc, file.c or file.py:function%s%s", kernel,
            hint != NULL ? "; " : "", hint != NULL ? hint : "");
    }
    char *path = strndup(kernel, length);
    if (path == NULL || stat(path, &facts) != 0 || access(path, R_OK) != 0) {
        error = errno;
    } else if (S_ISDIR(facts.st_mode)) {
        error = EISDIR;
    }
    free(path);
    if (error != 0) {
        return cli_fail(err, CLI_NO_INPUT, -error, "kernel %.*s cannot be opened: %s",
                        (int)length, kernel, strerror(error));
    }
    return CLI_OK;
}

int source_load(const char *kernel, const char *signature, source *out_source,
                cli_error *err)
{
    size_t length;
    const int exit_code = source_check(kernel, err);
    return exit_code != CLI_OK
               ? exit_code
               : find_form(kernel, &length)->load(kernel, signature, out_source, err);
}
