/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/face.h - what the relay shows to people and systems: pages, app links, whose pictures. A
 * reload makes another one of the settings; each worker changes to it in its own time.
 * Layer: L4.      Threads: the holder count is atomic; the rest is read-only once made.
 * Blocks: no.     Secrets: none.
 */
#ifndef TG_SERVER_FACE_H
#define TG_SERVER_FACE_H

#include "relay/api.h"
#include "server/settings/config.h"

struct tg_face;

/* With one holder. config: taken, *config is then NULL, also on failure. TG_E_NOMEM, TG_E_CRYPTO.
 */
TG_NODISCARD enum tg_err tg_face_take(struct tg_face **out, struct tg_config **config);
/* The same with a config that is borrowed until the last holder is gone. */
TG_NODISCARD enum tg_err tg_face_new(struct tg_face **out, const struct tg_config *config);
/* One holder more. face may be NULL. */
struct tg_face *tg_face_hold(struct tg_face *face);
/* One holder less; the last one frees it. Accepts NULL and *face == NULL. */
void tg_face_free(struct tg_face **face);

/* For the relay core. Valid as long as the face. */
const struct tg_relay_face *tg_face_view(const struct tg_face *face);

#endif
