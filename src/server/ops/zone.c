/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ops/zone.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FOLDER "/usr/share/zoneinfo/"
#define PATH_LEN_MAX 320u

/* No path that leaves the folder: it has no dot. */
static bool is_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";

    return name[0] != '\0' && name[0] != '/' && name[strspn(name, allowed)] == '\0';
}

static bool is_known(const char *name)
{
    char path[PATH_LEN_MAX], magic[4] = "";
    FILE *file = NULL;
    bool is_zone = false;

    if (snprintf(path, sizeof(path), FOLDER "%s", name) >= (int)sizeof(path)) {
        return false;
    }
    file = fopen(path, "rbe");
    if (file == NULL) {
        return false;
    }
    is_zone = fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
              tg_bytes_is_equal(TG_ARRAY_BYTES(magic), TG_LIT("TZif"));
    (void)fclose(file);
    return is_zone;
}

enum tg_err tg_zone_check(const char *name, struct tg_fault *fault)
{
    if (strcmp(name, "UTC") == 0 || (is_name(name) && is_known(name))) {
        return TG_OK;
    }
    tg_fault_set(fault, "the system has no such time zone (expected: UTC, or a name below " FOLDER
                        " such as Europe/Berlin; its package is tzdata)");
    return TG_E_SYNTAX;
}

void tg_zone_use(const char *name)
{
    (void)setenv("TZ", strcmp(name, "UTC") == 0 ? "UTC0" : name, 1);
    tzset();
}

int32_t tg_zone_offset_s(int64_t unix_s)
{
    time_t at = (time_t)unix_s;
    struct tm local;

    memset(&local, 0, sizeof(local));
    return localtime_r(&at, &local) != NULL ? (int32_t)local.tm_gmtoff : 0;
}
