/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_check.h - was it right to accept this batch? From the entry's words alone, with
 * 128 bits and byte by byte, as slow as it takes.
 */
#ifndef LANES_FUZZ_BATCH_CHECK_H
#define LANES_FUZZ_BATCH_CHECK_H

#include "server/server_internal.h"

/** A finding unless all that the batch may touch is its operands', and no element is
 * written where another one reads or writes. */
void batch_check(const lanes_server_session *session, const lanes_abi_entry *entry,
                 const uint64_t *arguments, const lanes_server_batch *batch);

#endif /* LANES_FUZZ_BATCH_CHECK_H */
