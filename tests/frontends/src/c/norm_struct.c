/* SPDX-License-Identifier: Apache-2.0 */

typedef struct triple {
    double x, y, z;
} triple;

/* More than 16 bytes: the argument is in memory. */
double norm_struct(triple v)
{
    return v.x * v.x + v.y * v.y + v.z * v.z;
}
