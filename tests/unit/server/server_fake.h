/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_fake.h - lanes_server_hooks of the fixture.
 */
#ifndef LANES_TESTS_SERVER_FAKE_H
#define LANES_TESTS_SERVER_FAKE_H

#include "server/server.h"

/** What every code of the fake takes when it is loaded. */
#define FAKE_CODE_BYTES 4096u

lanes_status fake_peer_uid(void *ctx, int socket_fd, uint32_t *out_uid);
lanes_status fake_start_compiler(void *ctx, int *out_socket_fd, lanes_os_child *out_child,
                                 lanes_error *err);
lanes_status fake_load_object(void *ctx, const void *object, size_t object_bytes,
                              const struct lanes_compile_result *result,
                              lanes_server_object *out_object, lanes_error *err);
void fake_unload_object(void *ctx, void *loaded);

#endif /* LANES_TESTS_SERVER_FAKE_H */
