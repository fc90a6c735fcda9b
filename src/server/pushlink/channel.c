/* SPDX-License-Identifier: Apache-2.0 */
#include "server/pushlink/channel.h"

#include "server/pushlink/now.h"

#include <errno.h>
#include <sys/socket.h>

#define READ_BATCH 64u  /* messages of one turn of the loop */
#define MESSAGE_MAX 64u /* bytes of a message to the relay: an outcome, or READY */

/* False: the socket is full, or the peer was lost. */
static bool send_one(struct tg_push_peer *p, const struct tg_push_slot *slot)
{
    struct tg_bytes data = tg_buf_view(&slot->message);
    bool is_full = false;
    ssize_t done = 0;

    do {
        done = send(p->child.fd, data.ptr, data.len, MSG_NOSIGNAL);
    } while (done < 0 && errno == EINTR);
    if (done >= 0) {
        tg_push_window_sent(p->peers->setup.window, p, tg_push_now_ms());
        return true;
    }
    is_full = errno == EAGAIN || errno == EWOULDBLOCK;
    if (is_full || errno == ENOBUFS || errno == ENOMEM) {
        tg_push_peer_poll(p, is_full); /* without memory the next tick tries again */
    } else {
        tg_push_peer_lose(p, "push.process_ended");
    }
    return false;
}

void tg_push_channel_send(struct tg_push_peers *peers)
{
    struct tg_push_slot *slot = NULL;

    while (peers->current != NULL && (slot = tg_push_window_next(peers->setup.window)) != NULL) {
        if (!send_one(peers->current, slot)) {
            return;
        }
    }
    if (peers->current != NULL) {
        tg_push_peer_poll(peers->current, false);
    }
}

static bool handle_message(struct tg_push_peer *p, struct tg_bytes data)
{
    struct tg_push_ipc msg = { .kind = TG_PUSH_IPC_JOB };

    if (tg_push_ipc_decode(&msg, data) != TG_OK) {
        return false;
    }
    switch (msg.kind) {
    case TG_PUSH_IPC_OUTCOME:
        return tg_push_window_settle(p->peers->setup.window, p, &msg.of.outcome);
    case TG_PUSH_IPC_READY:
        if (!p->is_ready) {
            tg_push_peer_take_over(p);
            return true;
        }
        return false;
    case TG_PUSH_IPC_JOB:
        break;
    }
    return false;
}

void tg_push_channel_receive(struct tg_push_peer *peer)
{
    uint8_t data[MESSAGE_MAX];
    ssize_t got = 1;

    for (size_t i = 0; i < READ_BATCH && got > 0; i++) {
        got = recv(peer->child.fd, data, sizeof(data), MSG_DONTWAIT);
        if (got > 0 && !handle_message(peer, tg_bytes(data, (size_t)got))) {
            tg_push_peer_lose(peer, "push.process_broken");
            return;
        }
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            tg_push_peer_lose(peer, "push.process_ended");
            return;
        }
    }
}
