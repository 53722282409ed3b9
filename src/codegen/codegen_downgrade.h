/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codegen_downgrade.h - IR text of LLVM 20 to 22 made readable for LLVM 19 and later.
 *
 * LLVM reads what older releases wrote, but not what newer ones write. Most of what is
 * new in text only helps the optimiser, and a callback loses nothing by dropping it.
 */
#ifndef LANES_CODEGEN_DOWNGRADE_H
#define LANES_CODEGEN_DOWNGRADE_H

#include <stddef.h>

/**
 * Copy text[0..bytes), leaving out hints that LLVM 19 does not know (captures(...),
 * samesign, ...) and giving intrinsics that lost an operand the old one back. Strings,
 * comments, names and all else are copied byte for byte, line by line. Linear time.
 *
 * @return malloc'd, NUL behind *out_bytes bytes; NULL if there is nothing to do, or no
 *         memory for it
 */
char *lanes_codegen_downgrade(const char *text, size_t bytes, size_t *out_bytes);

#endif /* LANES_CODEGEN_DOWNGRADE_H */
