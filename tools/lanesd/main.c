/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - lanesd: supervise executors, or become one.
 *
 * The executor is a program of its own because a process that is linked with LLVM takes
 * 56 MB and 20 ms before it has done anything.
 */
#include <sysexits.h>

#include "os/os_process.h"
#include "place.h"
#include "supervisor.h"

static int become_executor(char **argv)
{
    char path[LANES_OS_PATH_MAX];
    lanes_error err;
    const char *const *own = (const char *const *)argv;
    lanes_status status = lanesd_find_program("lanes-executor", path, &err);
    if (status == LANES_OK) {
        status = lanes_os_exec(path, own, &err);
    }
    lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
    return lanesd_exit_status(status);
}

int main(int argc, char **argv)
{
    struct lanesd_options options;
    lanes_error err;
    lanesd_options_parse(argc, argv, &options);
    if (options.supervisor != 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "--supervised is for lanes-executor only");
        return EX_USAGE;
    }
    if (options.private_fd >= 0 || options.has_no_supervisor) {
        return become_executor(argv);
    }
    lanes_log_set_level(options.log_level);
    if (lanesd_options_complete(&options, &err) < 0) {
        lanes_log(LANES_LOG_ERROR, ROOM, "%s", err.message);
        return EX_USAGE;
    }
    lanes_log_set_level(options.log_level);
    return lanesd_supervise(&options, argc, argv);
}
