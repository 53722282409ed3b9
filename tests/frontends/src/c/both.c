/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>

bool both(bool a, bool b)
{
    return a && b;
}
