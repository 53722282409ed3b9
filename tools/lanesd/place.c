/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.c - the socket's path, a socket that was handed over, programs beside this one.
 */
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "os/os_memory.h"
#include "os/os_process.h"
#include "os/os_socket.h"

/* The first descriptor that systemd hands over. */
#define LISTEN_FDS_START 3

/* The path that clients try (lanes/client.h). */
static lanes_status default_path(char path[LANES_OS_PATH_MAX], lanes_error *err)
{
    const char *chosen = lanesd_environment("LANES_SOCKET");
    const char *runtime = lanesd_environment("XDG_RUNTIME_DIR");
    int length;
    if (chosen != NULL) {
        length = snprintf(path, LANES_OS_PATH_MAX, "%s", chosen);
    } else if (runtime != NULL) {
        length = snprintf(path, LANES_OS_PATH_MAX, "%s/lanes/lanes.sock", runtime);
    } else {
        length =
            snprintf(path, LANES_OS_PATH_MAX, "/tmp/lanes-%u/lanes.sock", lanes_os_uid());
    }
    return length < LANES_OS_PATH_MAX
               ? LANES_OK
               : lanes_error_set(err, -ENAMETOOLONG,
                                 "the path of the socket is too long");
}

/* Descriptor 3 if systemd started us with exactly one socket, else -1. */
static int inherited_socket(void)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    if (pid == NULL || count == NULL || strtol(pid, NULL, 10) != lanes_os_pid() ||
        strcmp(count, "1") != 0 ||
        lanes_os_check_listening(LISTEN_FDS_START, NULL) != LANES_OK) {
        return -1;
    }
    return LISTEN_FDS_START;
}

lanes_status lanesd_socket_open(const struct lanesd_options *options,
                                struct lanesd_socket *socket, lanes_error *err)
{
    char path[LANES_OS_PATH_MAX];
    /* Only the command line goes before a socket that was handed over. */
    if (!lanesd_is_given(options, LANESD_SOCKET)) {
        socket->fd = inherited_socket();
    }
    if (socket->fd >= 0) {
        snprintf(socket->where, sizeof(socket->where), "the inherited socket");
        return LANES_OK;
    }
    if (options->socket[0] != '\0') {
        memcpy(path, options->socket, sizeof(path));
    } else {
        LANES_TRY(default_path(path, err));
    }
    LANES_TRY(lanes_os_listen(path, &socket->fd, err));
    memcpy(socket->created_path, path, sizeof(path));
    snprintf(socket->where, sizeof(socket->where), "%s", path);
    return LANES_OK;
}

void lanesd_socket_close(struct lanesd_socket *socket)
{
    if (socket->created_path[0] != '\0') {
        LANES_IGNORE(lanes_os_file_delete(socket->created_path, NULL) < 0,
                     "the next executor replaces it");
    }
    lanes_os_close(&socket->fd);
}

int lanesd_socket_exit_status(lanes_status status)
{
    return status == -EADDRINUSE ? EX_UNAVAILABLE : EX_CANTCREAT;
}

int lanesd_exit_status(lanes_status status)
{
    return status == LANES_OK                                       ? EX_OK
           : lanes_status_category(status) == LANES_CATEGORY_SYSTEM ? EX_OSERR
                                                                    : EX_SOFTWARE;
}

lanes_status lanesd_find_program(const char *name, char path[LANES_OS_PATH_MAX],
                                 lanes_error *err)
{
    LANES_TRY(lanes_os_program_path(path, err));
    const lanes_status status = lanes_os_path_sibling(path, 1, name);
    return status < 0 ? lanes_error_set(err, status, "the path of %s is too long", name)
                      : LANES_OK;
}
