/* SPDX-License-Identifier: Apache-2.0 */

float blend(float a, float b, float t)
{
    return a + (b - a) * t;
}
