/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lock: hotel_lock SOCKET HOTEL-FOLDER HOTEL-SOCKET ROOM RIGHT [CLOCK-AHEAD-S]
 *
 * It got the hotel's public key when it was installed (read from HOTEL-FOLDER/hotel.pub). It asks
 * the server whether a credential was revoked, and does not open when the server does not answer.
 * CLOCK-AHEAD-S sets its clock ahead, for tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/link.h"
#include "hotel/hotel.h"

struct lock {
    unsigned char *hotel_public;
    const char *hotel_socket, *room, *right;
    int64_t ahead_s;
};

/* true also when the server gives no valid answer. */
static bool is_revoked(const struct lock *l, const char *id)
{
    int fd = link_open(l->hotel_socket);
    json_t *answer = NULL;
    bool is_good = false;

    if (fd < 0) {
        return true;
    }
    answer = link_call(fd, json_pack("{s:s, s:s}", "op", "isRevoked", "id", id));
    is_good = json_is_true(json_object_get(answer, "ok")) &&
              json_is_false(json_object_get(answer, "isRevoked"));
    json_decref(answer);
    (void)close(fd);
    return !is_good;
}

/* NULL: open. */
static const char *judge(const struct lock *l, const struct link_peer *peer, const json_t *request)
{
    const char *why = "";
    json_t *attested = hotel_check_credential(json_object_get(request, "credential"),
                                              (const char *)l->hotel_public,
                                              (int64_t)time(NULL) + l->ahead_s, &why);

    if (attested == NULL) {
        return why;
    }
    if (strcmp(text_of(attested, "room"), l->room) != 0) {
        why = "this credential is for another room";
    } else if (!list_has(json_object_get(attested, "rights"), l->right)) {
        why = "this credential has no right to open this lock";
    } else if (!hotel_check_device(text_of(attested, "publicKey"), peer->nonce,
                                   text_of(request, "proof"))) {
        why = "the device has not proved that it has the key of this credential";
    } else if (is_revoked(l, text_of(attested, "id"))) {
        why = "revoked, or the hotel does not answer";
    } else {
        why = NULL;
    }
    json_decref(attested);
    return why;
}

static json_t *answer(void *ctx, const struct link_peer *peer, const json_t *request)
{
    const struct lock *l = ctx;
    const char *why =
        strcmp(text_of(request, "op"), "open") == 0 ? judge(l, peer, request) : "unknown request";

    return why != NULL ? link_refuse(why)
                       : json_pack("{s:b, s:s, s:s}", "ok", 1, "opened", l->right, "room", l->room);
}

int main(int argc, char **argv)
{
    struct lock l = { 0 };
    size_t len = 0;

    if (argc < 6 || argc > 7) {
        (void)fprintf(stderr, "usage: hotel_lock SOCKET HOTEL-FOLDER HOTEL-SOCKET ROOM RIGHT "
                              "[CLOCK-AHEAD-S]\n");
        return 2;
    }
    l.hotel_socket = argv[3];
    l.room = argv[4];
    l.right = argv[5];
    l.ahead_s = argc == 7 ? strtoll(argv[6], NULL, 10) : 0;
    if (!file_read(argv[2], HOTEL_PUBLIC_FILE, &l.hotel_public, &len)) {
        (void)fprintf(stderr, "the hotel's public key is missing\n");
        return 2;
    }
    return link_serve(argv[1], answer, &l);
}
