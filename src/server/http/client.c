/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/client.h"

#include "base/mem.h"
#include "server/http/forwarded.h"

static void find_ip(struct tg_payer *out, const struct tg_ip *ip, const struct tg_env *env)
{
    struct sockaddr_storage addr;
    struct tg_network network;

    tg_ip_to_sockaddr(&addr, ip);
    tg_network_of_address(&network, &addr);
    tg_ledger_find(env->ledger, out, &network, env->now_mono_ms);
    tg_network_wipe(&network);
    tg_mem_wipe(&addr, sizeof(addr));
}

void tg_client_set_peer(struct tg_peer *peer, const struct tg_env *env, const struct tg_ip *client)
{
    find_ip(&peer->own, client, env);
    peer->network = NULL;
}

static const struct tg_payer *find_own(struct tg_peer *peer, const struct tg_env *env)
{
    struct tg_network network;
    bool is_unknown = peer->own.kind == TG_PAYER_EXEMPT;

    if (peer->network != NULL && (is_unknown || tg_ledger_is_stale(&peer->own, env->now_mono_ms))) {
        peer->network(peer, &network);
        tg_ledger_find(env->ledger, &peer->own, &network, env->now_mono_ms);
        tg_network_wipe(&network);
    }
    return &peer->own;
}

bool tg_client_is_outdated(const struct tg_peer *peer, const struct tg_env *env)
{
    return peer->network == NULL && peer->own.kind != TG_PAYER_EXEMPT &&
           tg_ledger_is_stale(&peer->own, env->now_mono_ms);
}

const struct tg_payer *tg_client_find_peer(struct tg_peer *peer, const struct tg_env *env)
{
    static const struct tg_payer exempt = { .kind = TG_PAYER_EXEMPT };

    return peer->is_proxy ? &exempt : find_own(peer, env);
}

bool tg_client_find_payer(struct tg_payer *out, struct tg_peer *peer, const struct tg_env *env,
                          const struct tg_http_request *head)
{
    struct tg_ip client;
    enum tg_forwarded forwarded = TG_FORWARDED_NONE;

    if (peer->is_proxy) {
        forwarded = tg_forwarded_client(&client, head, env->settings->trusted_proxies);
    }
    if (forwarded == TG_FORWARDED_CLIENT) {
        find_ip(out, &client, env);
        tg_mem_wipe(&client, sizeof(client));
    } else if (forwarded == TG_FORWARDED_NONE) {
        *out = *find_own(peer, env);
    }
    return forwarded != TG_FORWARDED_BAD;
}
