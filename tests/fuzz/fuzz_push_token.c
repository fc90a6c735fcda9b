/* SPDX-License-Identifier: Apache-2.0 */
/* Any token of a client: a subscription or endpoint is complete or refused, its parts are inside
   the text, and a token that the relay reports as supported has an allowed host. */
#include "push/endpoint.h"
#include "push/provider.h"
#include "push/subscription.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_inside(struct tg_bytes part, struct tg_bytes whole)
{
    return part.len > 0 && part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

static void check_endpoint(const struct tg_push_endpoint *endpoint, struct tg_bytes text)
{
    struct tg_buf origin;

    assert(is_inside(endpoint->url, text) && is_inside(endpoint->host, endpoint->url));
    assert(endpoint->port != 0 && endpoint->url.len <= TG_PUSH_ENDPOINT_MAX);
    tg_buf_init(&origin, TG_PUSH_ORIGIN_MAX);
    tg_push_endpoint_origin(&origin, endpoint);
    assert(tg_buf_status(&origin) == TG_OK);
    assert(tg_bytes_has_prefix(tg_buf_view(&origin), TG_LIT("https://")));
    tg_buf_deinit(&origin);
}

static void check_support(struct tg_bytes text)
{
    const struct tg_push_settings settings = { .apns_key = "k",
                                               .fcm_account = "a",
                                               .vapid_key = "v",
                                               .webhook_key = "w",
                                               .host_count = 2,
                                               .hosts = { "push.example", "*.gate.example" } };

    for (enum tg_push_id id = 0; id < TG_PUSH_COUNT; id++) {
        const struct tg_push_provider_ops *ops = tg_push_providers[id].ops;
        struct tg_buf host;

        if (!tg_push_can_send(&settings, tg_bytes_str(tg_push_token_type(id)), TG_LIT(""), text)) {
            continue;
        }
        assert(ops->takes_token(text));
        tg_buf_init(&host, TG_PUSH_HOST_MAX);
        assert(ops->endpoint_host == NULL || (ops->endpoint_host(text, &host) &&
                                              tg_push_allows_host(&settings, tg_buf_view(&host))));
        tg_buf_deinit(&host);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_bytes text = tg_bytes(data, len);
    struct tg_push_subscription subscription;
    struct tg_push_endpoint endpoint;

    if (tg_push_endpoint_parse(&endpoint, text) == TG_OK) {
        check_endpoint(&endpoint, text);
    }
    if (tg_push_subscription_parse(&subscription, text) == TG_OK) {
        check_endpoint(&subscription.endpoint,
                       tg_bytes(subscription.url, sizeof(subscription.url)));
        assert(tg_p256_check(TG_ARRAY_BYTES(subscription.receiver.public_key)) == TG_OK);
        tg_push_subscription_wipe(&subscription);
    }
    check_support(text);
    return 0;
}
