/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - the executor: sessions, kernels and batches of one user. README.md has the
 * threads and who owns what.
 */
#ifndef LANES_SERVER_H
#define LANES_SERVER_H

#include <lanes/abi.h>

#include "base/base.h"
#include "base/spin.h"
#include "kernel/loop.h"
#include "os/os_process.h"
#include "topo/topo.h"

struct lanes_compile_result;

/** What an object file offers once it is callable. */
typedef struct lanes_server_object {
    void *loaded; /**< what to give back */
    lanes_loop_fn loop;
    lanes_explain_fn explain;   /**< NULL: nothing can fail */
    lanes_confirm_fn confirm;   /**< NULL: nothing raises floating-point exceptions */
    const void *const *address; /**< the table of kernel/payload.h; NULL: none */
    uint64_t bytes;             /**< of memory that it takes */
} lanes_server_object;

/** Replacements for what tests cannot have; NULL members mean the real thing. */
typedef struct lanes_server_hooks {
    void *ctx;
    /** uid of the peer of a connected socket; the real one asks SO_PEERCRED. */
    lanes_status (*peer_uid)(void *ctx, int socket_fd, uint32_t *out_uid);
    /**
     * Start a compiler: *out_socket_fd (owned by the server) speaks kernel/compile.h;
     * *out_child is its process, or none. The real one spawns options.compiler_path.
     */
    lanes_status (*start_compiler)(void *ctx, int *out_socket_fd,
                                   lanes_os_child *out_child, lanes_error *err);
    /**
     * Make an object callable, and undo it; @p result names its symbols. The real ones
     * are those of loader.h.
     */
    lanes_status (*load_object)(void *ctx, const void *object, size_t object_bytes,
                                const struct lanes_compile_result *result,
                                lanes_server_object *out_object, lanes_error *err);
    void (*unload_object)(void *ctx, void *loaded);
} lanes_server_hooks;

/** What can change while the server runs. */
typedef struct lanes_server_settings {
    uint32_t threads; /**< of the team, at most; 0 = as many as allowed */
    bool use_smt;     /**< one thread per hardware thread instead of per core */
    uint64_t cache_bytes;
    uint64_t code_bytes;
    enum lanes_log_level log_level;
} lanes_server_settings;

/** Whom the server calls, on its control thread; NULL members are not called. */
typedef struct lanes_server_calls {
    void *ctx;
    /** Clients are served from now on. */
    void (*ready)(void *ctx);
    /**
     * options.reload_fd is readable: make it unreadable, and say which settings hold from
     * now on. After a failure, which is logged, all stay as they are.
     */
    lanes_status (*reload)(void *ctx, lanes_server_settings *out_settings,
                           lanes_error *err);
} lanes_server_calls;

/**
 * What sessions may have. Reaching one is LANES_E_QUOTA for what goes beyond it, or
 * LANES_E_DEADLINE for a batch, and a sentence with the value and the limit.
 */
typedef struct lanes_server_limits {
    uint32_t sessions; /**< open at once; <= LANES_SESSIONS_MAX */
    uint32_t kernels;  /**< of a session; <= LANES_KERNELS_MAX */
    uint32_t variants; /**< of a kernel */
    uint32_t compiles; /**< of a session that wait; further ones do not begin to */
    /** Mapped by segments of a session, with the IR that is kept for its kernels, and of
     * all; 0: no limit. A mapping alone costs address space; memory that lanes reserves
     * is compared with what is left. */
    uint64_t session_bytes;
    uint64_t executor_bytes;
    uint64_t batch_ns; /**< that a batch may run, waiting excluded; 0: no limit */
    /** A slice, which is expected to take 2 ms, that holds the team for so long while
     * batches of other sessions wait ends its batch; 0: it may. */
    uint64_t hold_ns;
} lanes_server_limits;

#define LANES_SERVER_VARIANTS_MAX 256u
#define LANES_SERVER_COMPILES_MAX 1024u
#define LANES_SERVER_HOLD_NS      UINT64_C(10000000000)

#define LANES_SERVER_LIMITS_INIT                                                         \
    {.sessions = LANES_SESSIONS_MAX,                                                     \
     .kernels = LANES_KERNELS_MAX,                                                       \
     .variants = LANES_SERVER_VARIANTS_MAX,                                              \
     .compiles = LANES_SERVER_COMPILES_MAX,                                              \
     .hold_ns = LANES_SERVER_HOLD_NS}

/** What to serve. Everything is borrowed until lanes_server_run() returns. */
typedef struct lanes_server_options {
    const lanes_topo_plan *plan; /**< places of the team */
    /**
     * How `plan` was made, so that others can be made of it when the CPUs that this
     * process may use have changed; NULL: the team stays as it is. Those are the calling
     * thread's, which must not be bound.
     */
    const lanes_topo_options *topo;
    const char *where; /**< what is served, for the log: "socket /run/..." */
    int listen_fd;     /**< listening socket; -1 = none */
    int private_fd; /**< connected socket of one client, whose end ends the server; or -1
                     */
    int stop_fd;    /**< polls readable when the server shall stop; or -1 */
    int reload_fd;  /**< polls readable when calls.reload() has news; or -1 */
    uint64_t spin_ns;  /**< how long idle threads spin, at most, before they sleep */
    uint64_t drain_ns; /**< how long unfinished batches may run after a stop */
    const char *compiler_path; /**< of lanes-compiler */
    const char *cpu;          /**< that kernels are compiled for, one of kernel/cpu.h that
                                 this host runs; NULL = native */
    const char *cache_folder; /**< where compiled code is kept; NULL = nowhere */
    uint64_t cache_bytes;     /**< what it may take there */
    uint64_t code_bytes;      /**< of loaded code that no kernel uses any more */
    lanes_server_limits limits;
    uint64_t refuse_ns;  /**< for how long IR that ended a compile is not tried again */
    uint64_t silence_ns; /**< after which a compiler that has work is replaced */
    /** Where the server says how many batches it has taken and not completed, for whoever
     * outlives it: 0 at its start. NULL: nobody wants to know. */
    uint32_t *batch_count;
    lanes_server_calls calls;
    lanes_server_hooks hooks;
} lanes_server_options;

#define LANES_SERVER_DRAIN_NS 5000000000u

#define LANES_SERVER_CACHE_BYTES (UINT64_C(256) << 20)
#define LANES_SERVER_CODE_BYTES  (UINT64_C(64) << 20)

#define LANES_SERVER_REFUSE_NS (UINT64_C(60) * 1000000000u)
/* The compiler ends each compile itself; this is for a compiler that hangs. */
#define LANES_SERVER_SILENCE_NS (UINT64_C(60) * 1000000000u)

#define LANES_SERVER_OPTIONS_INIT                                                        \
    {.listen_fd = -1,                                                                    \
     .private_fd = -1,                                                                   \
     .stop_fd = -1,                                                                      \
     .reload_fd = -1,                                                                    \
     .spin_ns = LANES_SPIN_LIMIT_NS,                                                     \
     .drain_ns = LANES_SERVER_DRAIN_NS,                                                  \
     .cache_bytes = LANES_SERVER_CACHE_BYTES,                                            \
     .code_bytes = LANES_SERVER_CODE_BYTES,                                              \
     .limits = LANES_SERVER_LIMITS_INIT,                                                 \
     .refuse_ns = LANES_SERVER_REFUSE_NS,                                                \
     .silence_ns = LANES_SERVER_SILENCE_NS}

/**
 * Serve until options->stop_fd is readable or the client of options->private_fd is gone;
 * then finish what runs, for at most options->drain_ns, and return with everything that
 * was opened here closed.
 *
 * Threads: the caller becomes the control thread; signals that are blocked here are
 * blocked in the threads started from it.
 *
 * @return LANES_OK after a stop; a failure if the team or the compiler did not start
 */
LANES_NODISCARD lanes_status lanes_server_run(const lanes_server_options *options,
                                              lanes_error *err);

#endif /* LANES_SERVER_H */
