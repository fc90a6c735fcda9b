/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/files.h - a device's folder: small files that are complete at any moment and that only
 * their owner can read. A phone has a key store for this.
 */
#ifndef EXAMPLES_FILES_H
#define EXAMPLES_FILES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define FILE_MAX_LEN (1024u * 1024u)

/* *data is *len bytes and a NUL, for free(). false: there is none, or it cannot be read. */
bool file_read(const char *folder, const char *name, unsigned char **data, size_t *len);
/* Replaces the file in one step; on disk when it returns true. Reports a failure on standard error.
 */
bool file_write(const char *folder, const char *name, const void *data, size_t len);
bool file_exists(const char *folder, const char *name);
void file_remove(const char *folder, const char *name);

/* NULL: there is no such file, or it is not a JSON object. */
json_t *file_read_json(const char *folder, const char *name);
bool file_write_json(const char *folder, const char *name, const json_t *json);

/* A string member, or "" when there is none. Valid as long as json. */
const char *text_of(const json_t *json, const char *name);
/* A JSON object in a string, such as the signed part of a credential; NULL: it is not one. */
json_t *parse_text(const char *text);
/* Whether a JSON array has this string. */
bool list_has(const json_t *list, const char *text);

#endif
