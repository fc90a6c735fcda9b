/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/file/files.h - what the relay serves besides mailboxes, the same for everybody: the files
 * for app links, robots.txt, the icon, and the pictures of link previews.
 * Layer: L2 (base, crypto, wire).   Threads: any once they are made; read-only.   Blocks: no.
 * Secrets: none; no file names a mailbox.
 * spec: docs/protocol.md section 5.4.
 */
#ifndef TG_RELAY_FILE_FILES_H
#define TG_RELAY_FILE_FILES_H

#include "relay/file/app_links.h"
#include "relay/file/pictures.h"

#define TG_FILE_ETAG_LEN 34u /* 32 digits in quotes */

struct tg_file {
    const char *path;
    const char *type;  /* media type */
    const char *cache; /* Cache-Control */
    struct tg_bytes body;
    char etag[TG_FILE_ETAG_LEN + 1];
};

/* Borrowed for the call. */
struct tg_files_settings {
    const struct tg_app_link *apple, *android;
    size_t apple_count, android_count; /* 0: no such file */
};

struct tg_files;

/* TG_E_NOMEM, TG_E_CRYPTO. */
TG_NODISCARD enum tg_err tg_files_new(struct tg_files **out,
                                      const struct tg_files_settings *settings);
/* Accepts NULL and *files == NULL. */
void tg_files_free(struct tg_files **files);

/* The file at the path of a target, whose query is ignored. NULL: there is none. Ends with files,
   which may be NULL. */
const struct tg_file *tg_files_find(const struct tg_files *files, struct tg_bytes target);

/* The path of a picture; ends with files. It changes with the picture. */
const char *tg_files_picture_path(const struct tg_files *files, enum tg_picture picture);

/* Whether an If-None-Match value names the file (RFC 9110, section 13.1.2): weak comparison. */
bool tg_file_is_named(const struct tg_file *file, struct tg_bytes if_none_match);

#endif
