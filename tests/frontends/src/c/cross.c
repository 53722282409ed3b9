/* SPDX-License-Identifier: Apache-2.0 */

typedef struct triple {
    double x, y, z;
} triple;

/* More than 16 bytes: the result goes to memory that the caller provides. */
triple cross(double x, double y, double z)
{
    return (triple){y - z, z - x, x - y};
}
