/* SPDX-License-Identifier: Apache-2.0 */

typedef struct pair_f4 {
    float low, high;
} pair_f4;

pair_f4 halves(float x)
{
    return (pair_f4){x * 0.5f, x + 0.5f};
}
