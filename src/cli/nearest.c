/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nearest.h"

#include <string.h>

#define LEN_MAX 32u
#define FAR 4u

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned nearest_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    unsigned rows[3][LEN_MAX + 1];

    if (a_len > LEN_MAX || b_len > LEN_MAX) {
        return FAR;
    }
    for (size_t i = 0; i <= a_len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *over = rows[(i + 1) % 3];

        for (size_t k = 0; k <= b_len; k++) {
            if (i == 0 || k == 0) {
                row[k] = (unsigned)(i + k);
                continue;
            }
            row[k] = least(above[k], row[k - 1]) + 1;
            row[k] = least(row[k], above[k - 1] + (a[i - 1] != b[k - 1]));
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) {
                row[k] = least(row[k], over[k - 2] + 1);
            }
        }
    }
    return least(rows[a_len % 3][b_len], FAR);
}
