/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - where clients find lanesd, and where lanesd finds its programs.
 */
#ifndef LANESD_PLACE_H
#define LANESD_PLACE_H

#include "options.h"

/** A socket that is listened on. */
struct lanesd_socket {
    int fd;                               /* -1: none */
    char created_path[LANES_OS_PATH_MAX]; /* "": the file is not ours to delete */
    char where[LANES_OS_PATH_MAX + 16];   /* for the log */
};

/** Take over the socket that was handed over, or create the one that clients look for. */
LANES_NODISCARD lanes_status lanesd_socket_open(const struct lanesd_options *options,
                                                struct lanesd_socket *socket,
                                                lanes_error *err);

/** Close it, and delete its file if it is ours. */
void lanesd_socket_close(struct lanesd_socket *socket);

/** The exit status for a failure of lanesd_socket_open(). */
int lanesd_socket_exit_status(lanes_status status);

/** The exit status for other failures. */
int lanesd_exit_status(lanes_status status);

/** The program called @p name that is beside this one. */
LANES_NODISCARD lanes_status lanesd_find_program(const char *name,
                                                 char path[LANES_OS_PATH_MAX],
                                                 lanes_error *err);

#endif /* LANESD_PLACE_H */
