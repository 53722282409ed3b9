/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_code.h - from a request to code: compile jobs, their results, what is loaded,
 * what is on disk, what is reported. All of it is control's; server_internal.h has the
 * rest.
 */
#ifndef LANES_SERVER_CODE_H
#define LANES_SERVER_CODE_H

#include <lanes/abi.h>

#include "base/base.h"
#include "kernel/compile.h"
#include "loader/digest.h"
#include "os/os_process.h"
#include "server/server.h"

struct json_t; /* jansson's; server_report.c and server_stats.c look inside */

typedef struct lanes_server lanes_server;
typedef struct lanes_server_session lanes_server_session;
typedef struct lanes_server_kernel lanes_server_kernel;
typedef struct lanes_server_variant lanes_server_variant;
typedef struct lanes_server_job lanes_server_job;

/* ---- Objects ------------------------------------------------------------------------
 */

/** Machine code, shared by all variants whose key it has; control only but for `object`
 * and `info`, which are constant. */
typedef struct lanes_server_code {
    lanes_code_key key;                      /* the first member: the tree compares it */
    uint32_t references;                     /* 0: it is idle */
    struct lanes_server_code *idle_previous; /* longer idle */
    struct lanes_server_code *idle_next;
    struct lanes_server_code *previous;
    struct lanes_server_code *next;
    lanes_server_object object;
    lanes_signature signature;
    lanes_variant_info info;
    uint32_t payload_count;
    uint32_t argument_list_count;
    uint32_t may_raise; /* lanes_compile_result's, which a result without code has not */
    uint32_t keeps_order;
    struct json_t *report; /* what is to say of the code; NULL: there was no memory */
} lanes_server_code;

/** All code that is loaded; control only. */
typedef struct lanes_server_codes {
    void *tree;               /* of tsearch() */
    lanes_server_code *first; /* the newest */
    uint32_t count;
    lanes_server_code *idle_first; /* idle for longest */
    lanes_server_code *idle_last;
    uint64_t idle_bytes;
} lanes_server_codes;

struct lanes_server_job {
    lanes_server_job *next;
    uint64_t id;                   /* in request and reply: the first bytes of its key */
    lanes_digest key;              /* equal: the compiler would be asked the same */
    lanes_server_session *session; /* NULL: nobody waits for it any more */
    lanes_server_variant
        *variant;             /* NULL likewise; for a load, the job owns its kernel */
    lanes_abi_header request; /* of a load: to be answered */
    bool is_load;
    bool is_sent;
    bool is_offered_none; /* the code it was to share is gone: it is made anew */
    bool was_killed;      /* while it was compiled, by others: it is asked once more */
    int result_fd;
    uint64_t started_ns;
};

typedef struct lanes_server_compiler {
    int fd; /* -1: not running */
    lanes_os_child child;
    uint64_t started_ns;
    uint64_t heard_ns;   /* last reply, or when it got the first of its jobs */
    uint64_t restart_ns; /* when to start it again; 0 = it runs */
    uint32_t quick_deaths;
    lanes_digest build; /* of everything that its answers depend on but the request */
    uint32_t sent_count;
    uint64_t turns;          /* jobs that were sent, ever */
    uint32_t sent_max;       /* jobs that it works on at once */
    lanes_server_job *sent;  /* that it has */
    lanes_server_job *first; /* that wait, oldest first */
    struct lanes_server_refusal
        *refusals;          /* owned; [LANES_SERVER_REFUSALS_MAX] or NULL */
    uint32_t refusal_count; /* that there have been */
} lanes_server_compiler;

/* ---- server_compiler.c (control) ----------------------------------------------------
 */

LANES_NODISCARD lanes_status lanes_server_compiler_start(lanes_server *server,
                                                         lanes_error *err);

/** Close its socket, which ends it, and reap it; true if it had to be killed. What it had
 * stays as it is. @p out_ended is written only if there was a process. */
bool lanes_server_compiler_end(lanes_server *server, lanes_os_exit *out_ended);

/* ---- server_compile.c (control) -----------------------------------------------------
 */

void lanes_server_compiler_stop(lanes_server *server);

/** A job for lanes_server_compile(); NULL if there is no memory. */
lanes_server_job *lanes_server_job_create(lanes_server_session *session,
                                          lanes_server_variant *variant);

/** Compile job->variant. The job is owned by the compiler from here on. */
void lanes_server_compile(lanes_server *server, lanes_server_job *job);

/** Nobody waits for the jobs of @p session any more. */
void lanes_server_compile_forget(lanes_server_session *session);

/** Look at the compiler's socket and process: replies, or its end. */
void lanes_server_compiler_ready(lanes_server *server);

/** Do what is due; returns the nanoseconds until something will be. */
uint64_t lanes_server_compiler_tick(lanes_server *server, uint64_t now_ns);

/* ---- server_refused.c (control) -----------------------------------------------------
 */

/** Remembered at once; the oldest goes for a newer one. */
#define LANES_SERVER_REFUSALS_MAX 256u

/** If @p reply says that the compile crashed or outran its limits: remember that, and
 * @p error, which is what was said of it. */
void lanes_server_refused_keep(lanes_server *server, const lanes_digest *key,
                               const lanes_compile_reply *reply,
                               const lanes_error *error);

/** Remember @p error as what is said to who asks for @p key. */
void lanes_server_refused_add(lanes_server *server, const lanes_digest *key,
                              const lanes_error *error);

/** True if what @p job asks for is remembered so; then @p out_error says what was said,
 * and for how long. */
bool lanes_server_refused(const lanes_server *server, const lanes_server_job *job,
                          lanes_error *out_error);

void lanes_server_refused_clear(lanes_server *server);

/* ---- server_result.c (control) ------------------------------------------------------
 */

/** What the compiler returned: the head, and behind it report, tables and object. */
typedef struct lanes_server_result {
    lanes_compile_result head;
    const char *body;
    size_t body_bytes;
    char *block; /* owned: where it is */
} lanes_server_result;

/** Where a result is from. */
enum lanes_server_origin {
    LANES_FROM_COMPILER = 1,
    LANES_FROM_DISK /* of an earlier compile; maybe of another executor's */
};

/**
 * True for signals that no bug sends: an operator, or a machine without memory, has ended
 * a compile by them, and the same IR deserves another try.
 */
bool lanes_server_is_killed_by_others(uint32_t signal_number);

/** LANES_OK if the compile left a result; else what became of it, in words. */
LANES_NODISCARD lanes_status lanes_server_outcome_check(const lanes_compile_reply *reply,
                                                        lanes_error *err);

/** Check and load what the compiler returned for @p job: fills job->variant, the report.
 */
LANES_NODISCARD lanes_status lanes_server_result_take(lanes_server *server,
                                                      lanes_server_job *job,
                                                      const lanes_compile_reply *reply,
                                                      lanes_error *err);

/** Check a result: is it whole, and can it be of what @p job asks for? */
LANES_NODISCARD lanes_status lanes_server_result_check(const lanes_server_job *job,
                                                       const lanes_server_result *result,
                                                       lanes_error *err);

/** Load a checked result: fills job->variant, the report; on failure, neither. */
LANES_NODISCARD lanes_status lanes_server_result_use(lanes_server *server,
                                                     lanes_server_job *job,
                                                     const lanes_server_result *result,
                                                     enum lanes_server_origin origin,
                                                     lanes_error *err);

/**
 * Take over @p block, of @p bytes, in which a result is; it must be checked.
 *
 * @return LANES_OK, LANES_E_INTERNAL (there is not even a head)
 */
LANES_NODISCARD lanes_status lanes_server_result_init(lanes_server_result *result,
                                                      char *block, size_t bytes,
                                                      lanes_error *err);

void lanes_server_result_deinit(lanes_server_result *result);

/** Let go of a variant's code and tables. */
void lanes_server_unload(lanes_server *server, lanes_server_variant *variant);

/* ---- server_code.c (control) --------------------------------------------------------
 */

/**
 * Get the code of @p result: the one that is loaded, the one on disk, or that of its
 * object. @p report gets what it lacks to describe code that was made before.
 *
 * @return LANES_OK, -ENOMEM, LANES_E_LINK, LANES_E_STALE_ID (the object was left out, but
 * the code has gone meanwhile), LANES_E_INTERNAL
 */
LANES_NODISCARD lanes_status lanes_server_code_hold(
    lanes_server *server, const lanes_server_job *job, const lanes_server_result *result,
    struct json_t *report, lanes_server_code **out_code, lanes_error *err);

/** Free code that nobody has, but for team.code_bytes of it. */
void lanes_server_code_trim(lanes_server *server);

/**
 * Give a reference back. Code without any stays loaded for a worker that is started
 * again, until more than team.code_bytes of it have come after. NULL is allowed.
 */
void lanes_server_code_drop(lanes_server *server, lanes_server_code *code);

/** Write keys of loaded code, the newest first, then of code on disk; returns how many.
 */
uint32_t lanes_server_code_keys(const lanes_server *server, lanes_code_key *out_keys,
                                uint32_t keys_max);

/** Free all code; nobody has any. */
void lanes_server_code_clear(lanes_server *server);

/* ---- server_stored.c (control) ------------------------------------------------------
 */

/** Use the cache of the options; without one that can be used, say so and do without. */
void lanes_server_stored_open(lanes_server *server);

/** Fill job->key and job->id. */
void lanes_server_stored_key(const lanes_server *server, lanes_server_job *job);

/** Serve @p job with what the compiler answered to the same request before; false if that
 * cannot be had. */
bool lanes_server_stored_take(lanes_server *server, lanes_server_job *job);

/**
 * Read code by its key, with what the compiler said of it.
 *
 * @param job  whose code it is to be
 * @param out_result  lanes_server_result_deinit() it
 * @return LANES_OK, or a failure: there is none that can be used
 */
LANES_NODISCARD lanes_status lanes_server_stored_code(lanes_server *server,
                                                      const lanes_server_job *job,
                                                      const lanes_code_key *key,
                                                      lanes_server_result *out_result,
                                                      lanes_error *err);

/** Code was used that may be on disk, too. */
void lanes_server_stored_touch(const lanes_server *server, const lanes_code_key *key);

/** Code from disk turned out not to be of use: do not offer it again. */
void lanes_server_stored_forget(lanes_server *server, const lanes_code_key *key);

/** Keep what the compiler answered. */
void lanes_server_stored_keep(lanes_server *server, const lanes_server_job *job,
                              const lanes_server_result *result);

/* ---- server_report.c (control) ------------------------------------------------------
 */

/** Parse what the compiler reports of one variant; owned by the caller. */
LANES_NODISCARD lanes_status lanes_server_report_parse(const char *text, size_t bytes,
                                                       struct json_t **out_report,
                                                       lanes_error *err);

/** Make @p report, which is taken over, the kernel's, or append its variants to the one
 * there is. */
void lanes_server_report_add(lanes_server_kernel *kernel, struct json_t *report);

/** What @p report says of the code, for other kernels with it; NULL: no memory. */
struct json_t *lanes_server_report_of_code(const struct json_t *report);

/** Where code was that did not have to be made. */
enum lanes_server_place { LANES_IN_MEMORY = 1, LANES_ON_DISK };

/** Add to @p report what it does not say itself of code that was there. */
void lanes_server_report_share(struct json_t *report, const struct json_t *of_code,
                               enum lanes_server_place place);

/** Nothing was compiled: the times in @p report are those of another day. */
void lanes_server_report_clear_times(struct json_t *report);

/** JSON text of @p document, in a new memfd owned by the caller; -ENOMEM also for NULL,
 * which is what it is when there was no memory to make it. */
LANES_NODISCARD lanes_status lanes_server_json_memfd(const struct json_t *document,
                                                     const char *name, int *out_fd,
                                                     uint64_t *out_bytes,
                                                     lanes_error *err);

/** The report in a new memfd, owned by the caller. */
LANES_NODISCARD lanes_status lanes_server_report_memfd(const lanes_server_kernel *kernel,
                                                       int *out_fd, uint64_t *out_bytes,
                                                       lanes_error *err);

void lanes_server_report_free(lanes_server_kernel *kernel);

#endif /* LANES_SERVER_CODE_H */
