/* SPDX-License-Identifier: Apache-2.0 */
/* Any text for the JSON reader. A string that it accepts is written, and reads as the same
   string. */
#include "base/utf8.h"
#include "wire/json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void round_trip(struct tg_bytes text)
{
    struct tg_buf out;
    struct tg_json *doc = NULL;
    struct tg_bytes back = { NULL, 0 };

    tg_buf_init(&out, 8 * text.len + 100);
    tg_buf_append_str(&out, "{\"s\":");
    tg_json_put_string(&out, text);
    tg_buf_append_str(&out, "}");
    if (tg_buf_status(&out) == TG_OK) {
        assert(tg_json_parse(&doc, tg_buf_view(&out), NULL) == TG_OK);
        assert(tg_json_get_string(&back, tg_json_top(doc), "s", TG_JSON_REQUIRED, 0, SIZE_MAX,
                                  NULL) == TG_OK);
        assert(tg_bytes_is_equal(back, text));
    } else {
        assert(!tg_utf8_is_valid(text) || tg_bytes_find(text, 0) < text.len);
    }
    tg_json_free(&doc);
    tg_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tg_json *doc = NULL;
    struct tg_fault fault = { "" };
    struct tg_bytes text = tg_bytes(data, len);
    enum tg_err err = tg_json_parse(&doc, text, &fault);

    assert((err == TG_OK) == (doc != NULL));
    assert((err == TG_OK) == (fault.text[0] == '\0'));
    if (err == TG_OK) {
        struct tg_bytes s = { NULL, 0 };
        struct tg_json_object o = { NULL, "" };

        assert(tg_utf8_is_valid(text));
        if (tg_json_get_string(&s, tg_json_top(doc), "s", TG_JSON_REQUIRED, 0, SIZE_MAX, NULL) ==
            TG_OK) {
            round_trip(s);
        }
        (void)!tg_json_get_object(&o, tg_json_top(doc), "o", TG_JSON_REQUIRED, &fault);
    }
    tg_json_free(&doc);
    if (len < 100000) {
        round_trip(text);
    }
    return 0;
}
