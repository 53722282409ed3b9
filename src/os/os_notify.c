/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_notify.c - one datagram to the service manager, as sd_notify(3) describes it.
 */
#include "os/os_process.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "os/os_memory.h"

lanes_status lanes_os_notify_open(int *out_fd, lanes_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL || path[0] == '\0') {
        *out_fd = -1;
        return LANES_OK;
    }
    const size_t length = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path)) {
        return lanes_error_set(err, LANES_E_INVALID,
                               "NOTIFY_SOCKET '%.120s' is no address of a socket", path);
    }
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') {
        address.sun_path[0] = '\0'; /* of the abstract namespace */
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, bytes) != 0) {
        const lanes_status status =
            lanes_error_errno(err, errno, "cannot notify '%s'", path);
        lanes_os_close(&fd);
        return status;
    }
    *out_fd = fd;
    return LANES_OK;
}

lanes_status lanes_os_notify(int fd, const char *state, lanes_error *err)
{
    if (fd >= 0 && send(fd, state, strlen(state), MSG_NOSIGNAL) < 0) {
        return lanes_error_errno(err, errno, "cannot notify the service manager");
    }
    return LANES_OK;
}
