/* SPDX-License-Identifier: Apache-2.0 */
#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_PATH_MAX 512

static bool join(char out[FILE_PATH_MAX], const char *folder, const char *name, const char *suffix)
{
    int len = snprintf(out, FILE_PATH_MAX, "%s/%s%s", folder, name, suffix);

    return len > 0 && len < FILE_PATH_MAX;
}

bool file_read(const char *folder, const char *name, unsigned char **data, size_t *len)
{
    char path[FILE_PATH_MAX];
    unsigned char *bytes = NULL;
    FILE *file = NULL;
    bool is_ok = false;

    if (!join(path, folder, name, "") || (file = fopen(path, "rb")) == NULL) {
        return false;
    }
    bytes = calloc(1, FILE_MAX_LEN + 1);
    if (bytes != NULL) {
        *len = fread(bytes, 1, FILE_MAX_LEN, file);
        is_ok = !ferror(file) && feof(file);
    }
    (void)fclose(file);
    if (!is_ok) {
        free(bytes);
        return false;
    }
    *data = bytes;
    return true;
}

static bool write_all(int fd, const unsigned char *data, size_t len)
{
    while (len > 0) {
        ssize_t done = write(fd, data, len);

        if (done <= 0) {
            return false;
        }
        data += done;
        len -= (size_t)done;
    }
    return fsync(fd) == 0;
}

bool file_write(const char *folder, const char *name, const void *data, size_t len)
{
    char path[FILE_PATH_MAX], temporary[FILE_PATH_MAX];
    bool is_ok = false;
    int fd = -1, dir = -1;

    if (join(path, folder, name, "") && join(temporary, folder, name, ".new")) {
        fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        is_ok = fd >= 0 && write_all(fd, data, len);
        is_ok = fd >= 0 && close(fd) == 0 && is_ok && rename(temporary, path) == 0;
        dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        is_ok = is_ok && dir >= 0 && fsync(dir) == 0;
        if (dir >= 0) {
            (void)close(dir);
        }
    }
    if (!is_ok) {
        (void)fprintf(stderr, "cannot write %s: %s\n", name, strerror(errno));
    }
    return is_ok;
}

bool file_exists(const char *folder, const char *name)
{
    char path[FILE_PATH_MAX];

    return join(path, folder, name, "") && access(path, F_OK) == 0;
}

void file_remove(const char *folder, const char *name)
{
    char path[FILE_PATH_MAX];

    if (join(path, folder, name, "")) {
        (void)unlink(path);
    }
}

json_t *parse_text(const char *text)
{
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (!json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

json_t *file_read_json(const char *folder, const char *name)
{
    unsigned char *data = NULL;
    size_t len = 0;
    json_t *json = NULL;

    if (file_read(folder, name, &data, &len)) {
        json = parse_text((const char *)data);
        free(data);
    }
    return json;
}

bool file_write_json(const char *folder, const char *name, const json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS);
    bool is_ok = text != NULL && file_write(folder, name, text, strlen(text));

    free(text);
    return is_ok;
}

const char *text_of(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));

    return text != NULL ? text : "";
}

bool list_has(const json_t *list, const char *text)
{
    const json_t *one = NULL;
    size_t i = 0;

    json_array_foreach(list, i, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), text) == 0) {
            return true;
        }
    }
    return false;
}
