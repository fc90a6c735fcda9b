/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/file/app_links.h - the files with which Apple's and Google's systems let an app open the
 * links of this relay.
 * Layer: L2 (base, wire).   Threads: any.   Blocks: no.   Secrets: none.
 * Source: Apple, "Supporting associated domains" and the property list of applinks; Google,
 * "Digital Asset Links" and "Configure website associations and dynamic rules" (Android 15). spec:
 * docs/protocol.md section 5.4.
 */
#ifndef TG_RELAY_FILE_APP_LINKS_H
#define TG_RELAY_FILE_APP_LINKS_H

#include "base/buf.h"
#include "base/fault.h"

/* Of each file. Apple reads at most 128 KiB; the largest lists here stay below half of it. */
#define TG_APP_LINKS_TEXT_MAX 65536u
#define TG_APP_LINKS_FINGERPRINTS_MAX 10u

/* An app that opens links. The strings are borrowed. */
struct tg_app_link {
    const char *id;           /* Apple: "TEAMID.bundle.identifier"; Android: the package */
    const char *fingerprints; /* Android: SHA-256 of signing certificates, separated by commas */
    const char *verticals;    /* names separated by commas; "": every link */
};

/* The verticals of a list of names, as 1 << enum tg_page_vertical; "": all. 0: a name is unknown or
   comes twice. */
#define TG_APP_LINK_VERTICAL_COUNT 4u
unsigned tg_app_link_verticals(const char *names);

/* Whether the app can be written into the file. TG_E_SYNTAX with fault: what was wrong, and what
   was expected. */
TG_NODISCARD enum tg_err tg_app_link_check_apple(const struct tg_app_link *app,
                                                 struct tg_fault *fault);
TG_NODISCARD enum tg_err tg_app_link_check_android(const struct tg_app_link *app,
                                                   struct tg_fault *fault);

/* Append the file for apps that were checked. A failure sticks in out. */
void tg_app_links_apple(struct tg_buf *out, const struct tg_app_link *apps, size_t count);
void tg_app_links_android(struct tg_buf *out, const struct tg_app_link *apps, size_t count);

#endif
