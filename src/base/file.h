/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/file.h - opening a file that a setting names.
 * Layer: L0.      Threads: any.      Blocks: on the disk.      Secrets: none.
 */
#ifndef TG_BASE_FILE_H
#define TG_BASE_FILE_H

/*
 * A regular file, or a link to one, for reading. The open never waits, as it would for the writer
 * of a FIFO. -1 and errno: EISDIR for a folder, ENOTSUP for what is neither, or that of open.
 */
int tg_file_open(const char *path);

#endif
