/* SPDX-License-Identifier: Apache-2.0 */
/* Any service account is refused with a reason that contains nothing of a key, or gives a signed
   request to an https address and a push to the path of its project. */
#include "fuzz/fuzz_push_fcm.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NOW_S 1900000000

static void check_request(struct tg_push_provider *p)
{
    struct tg_push_request request;

    tg_push_request_init(&request);
    if (tg_push_fcm_ops.credential_request(p, NOW_S, &request) == TG_OK) {
        assert(tg_bytes_has_prefix(tg_buf_view(&request.url), TG_LIT("https://")));
        assert(request.body.len > 0 && request.is_http2_only);
    }
    tg_push_request_deinit(&request);
}

static void check_push(struct tg_push_provider *p)
{
    const uint8_t collapse[32] = { 1 };
    const struct tg_push_answer grant = {
        .status = 200,
        .body = TG_LIT("{\"access_token\":\"x\",\"token_type\":\"Bearer\",\"expires_in\":3600}")
    };
    const struct tg_push_job job = { .token_type = TG_LIT("com.google.fcm"),
                                     .token_data = TG_LIT("abc:d"),
                                     .collapse = TG_ARRAY_BYTES(collapse),
                                     .expires_s = NOW_S + 60 };
    struct tg_push_verdict verdict = { .reason = NULL };
    struct tg_push_request request;

    tg_push_request_init(&request);
    tg_push_fcm_ops.credential_answer(p, NOW_S, &grant, &verdict);
    assert(verdict.action == TG_PUSH_TAKEN);
    assert(tg_push_fcm_ops.build(p, &job, NOW_S, &request) == TG_OK);
    assert(
        tg_bytes_has_prefix(tg_buf_view(&request.url), TG_LIT("https://fcm.example/v1/projects/")));
    assert(memchr(request.url.ptr, '?', request.url.len) == NULL &&
           memchr(request.url.ptr, '#', request.url.len) == NULL);
    tg_push_request_deinit(&request);
}

/* One valid account, opened once: opening its key for each variant takes too long. */
static void check_good(void)
{
    static bool is_checked;
    struct tg_push_provider *p = NULL;

    if (!is_checked) {
        p = fuzz_fcm_open(TG_LIT(FUZZ_FCM_ACCOUNT), NULL);
        assert(p != NULL);
        check_request(p);
        check_push(p);
        tg_push_fcm_ops.close(&p);
        is_checked = true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_fault fault = { "" };
    struct tg_push_provider *p = NULL;

    check_good();
    p = fuzz_fcm_open(tg_bytes(data, len), &fault);
    if (p == NULL) {
        assert(fault.text[0] != '\0');
        return 0;
    }
    check_request(p);
    check_push(p);
    tg_push_fcm_ops.close(&p);
    return 0;
}
