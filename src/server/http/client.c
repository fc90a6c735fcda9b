/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/client.h"

#include "base/mem.h"
#include "server/http/forwarded.h"

static void find(struct tg_payer *out, struct tg_peer *peer, const struct tg_env *env)
{
    struct tg_network network;

    peer->network(peer, &network);
    tg_ledger_find(env->ledger, out, &network, env->now_mono_ms);
    tg_network_wipe(&network);
}

void tg_client_find_peer(struct tg_peer *peer, const struct tg_env *env)
{
    bool is_unknown = peer->payer.kind == TG_PAYER_EXEMPT;

    if (peer->network != NULL && env->ledger != NULL && !peer->is_proxy &&
        (is_unknown || tg_ledger_is_stale(&peer->payer, env->now_mono_ms))) {
        find(&peer->payer, peer, env);
    }
}

static void find_forwarded(struct tg_payer *out, const struct tg_ip *client,
                           const struct tg_env *env)
{
    struct sockaddr_storage addr;
    struct tg_network network;

    tg_ip_to_sockaddr(&addr, client);
    tg_network_of_address(&network, &addr);
    tg_ledger_find(env->ledger, out, &network, env->now_mono_ms);
    tg_network_wipe(&network);
    tg_mem_wipe(&addr, sizeof(addr));
}

bool tg_client_find_payer(struct tg_payer *out, struct tg_peer *peer, const struct tg_env *env,
                          const struct tg_http_request *head)
{
    struct tg_ip client;
    enum tg_forwarded forwarded = TG_FORWARDED_BAD;

    if (!peer->is_proxy) {
        tg_client_find_peer(peer, env);
        *out = peer->payer;
        return true;
    }
    forwarded = tg_forwarded_client(&client, head, env->settings->trusted_proxies);
    if (forwarded == TG_FORWARDED_CLIENT) {
        find_forwarded(out, &client, env);
        tg_mem_wipe(&client, sizeof(client));
    } else if (forwarded == TG_FORWARDED_NONE) {
        find(out, peer, env);
    }
    return forwarded != TG_FORWARDED_BAD;
}
