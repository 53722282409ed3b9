/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - what lanesd is told: command line, environment, configuration file.
 *
 * lanesd and lanes-executor read the same options: the first hands its command line on.
 * Everything is copied, so that a configuration can be read again and compared.
 */
#ifndef LANESD_OPTIONS_H
#define LANESD_OPTIONS_H

#include "base/base.h"
#include "os/os_file.h"
#include "server/server.h"

#define ROOM "lanesd"

/* For a path: no folder, no file. */
#define LANESD_NONE "none"

/* Longer names are no CPU's. */
#define LANESD_CPU_MAX 128

enum lanesd_option {
    LANESD_SOCKET = 0x100,
    LANESD_PRIVATE_FD,
    LANESD_THREADS,
    LANESD_SMT,
    LANESD_CPU,
    LANESD_CACHE_FOLDER,
    LANESD_CACHE_BYTES,
    LANESD_CODE_BYTES,
    LANESD_SESSIONS, /* limits: option_limits.c */
    LANESD_KERNELS,
    LANESD_COMPILES,
    LANESD_SESSION_BYTES,
    LANESD_EXECUTOR_BYTES,
    LANESD_BATCH_LIMIT,
    LANESD_HOLD_LIMIT,
    LANESD_LOG_LEVEL,
    LANESD_CONFIG,
    LANESD_DUMPABLE,
    LANESD_NO_SANDBOX,
    LANESD_NO_SUPERVISOR,
    LANESD_SUPERVISED
};

struct lanesd_options {
    uint32_t given;     /* bits of LANESD_* - LANESD_SOCKET: on the command line */
    int private_fd;     /* -1: none */
    int32_t supervisor; /* process id of it; 0: there is none */
    bool has_no_supervisor;
    bool has_smt;
    bool is_dumpable;
    bool has_no_sandbox;
    uint32_t threads; /* 0: as many as allowed */
    uint64_t cache_bytes;
    uint64_t code_bytes;
    lanes_server_limits limits;
    enum lanes_log_level log_level;
    char socket[LANES_OS_PATH_MAX];       /* "": the one handed over, or the usual one */
    char cpu[LANESD_CPU_MAX];             /* "": native */
    char cache_folder[LANES_OS_PATH_MAX]; /* "": the usual one */
    char config[LANES_OS_PATH_MAX];       /* "": the usual one, if it is there */
};

/** True if the command line has @p option. */
bool lanesd_is_given(const struct lanesd_options *options, enum lanesd_option option);

/** Read the command line; wrong usage ends the process with status 64. */
void lanesd_options_parse(int argc, char **argv, struct lanesd_options *out_options);

/**
 * Add to @p options, as they came from the command line, what the environment says, then
 * what the configuration file says of the rest; check all of it.
 *
 * @return LANES_OK, LANES_E_INVALID, or why the file cannot be read; then *options is
 *   half-filled
 */
LANES_NODISCARD lanes_status lanesd_options_complete(struct lanesd_options *options,
                                                     lanes_error *err);

/**
 * Set the option called @p name, as a configuration file may; @p value as on the command
 * line, but of those without one "yes" or "no".
 *
 * @return LANES_OK, -ENOENT (a file can have no such option), LANES_E_INVALID
 */
LANES_NODISCARD lanes_status lanesd_options_set(struct lanesd_options *options,
                                                const char *name, const char *value,
                                                lanes_error *err);

/** The value of environment variable @p name; NULL if it is not set, or empty. */
const char *lanesd_environment(const char *name);

/* ---- config.c ---------------------------------------------------------------------- */

/** Read the configuration file of @p options, which the command line goes before. */
LANES_NODISCARD lanes_status lanesd_config_read(struct lanesd_options *options,
                                                lanes_error *err);

#endif /* LANESD_OPTIONS_H */
