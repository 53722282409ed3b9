/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap.h - replace one function in the objects under test, by the linker's --wrap.
 *
 * TEST_WRAP(int, close, (int fd)) declares wrap_close(), to be defined by the test and
 * called instead of close() by every object of the program, and real_close(), the
 * original. The test's LINK names "-Wl,--wrap=close".
 */
#ifndef LANES_TEST_SUPPORT_WRAP_H
#define LANES_TEST_SUPPORT_WRAP_H

#define TEST_WRAP(type, name, parameters)                                                \
    extern type wrap_##name parameters __asm__("__wrap_" #name);                         \
    extern type real_##name parameters __asm__("__real_" #name)

#endif /* LANES_TEST_SUPPORT_WRAP_H */
