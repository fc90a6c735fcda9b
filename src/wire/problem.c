/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/problem.h"

#include "wire/headers.h"
#include "wire/parts.h"

static void put_optional(struct tg_buf *out, const char *name, struct tg_bytes value)
{
    if (value.len > 0) {
        tg_buf_append_u8(out, ',');
        tg_parts_put_string(out, name, value);
    }
}

/* spec: protocol/1#problem-documents */
enum tg_err tg_problem_encode(struct tg_buf *out, const struct tg_problem_text *text)
{
    tg_buf_append_u8(out, '{');
    tg_parts_put_string(out, "type", tg_bytes_str(text->type));
    tg_buf_append_u8(out, ',');
    tg_parts_put_string(out, "title", tg_bytes_str(text->title));
    tg_buf_append(out, TG_LIT(",\"status\":"));
    tg_buf_append_dec(out, text->status);
    put_optional(out, "detail", tg_bytes_str(text->detail));
    if (text->recipient != TG_RECIPIENT_UNKNOWN) {
        put_optional(out, "recipient", tg_bytes_str(tg_recipient_text(text->recipient)));
    }
    put_optional(out, "endNote", text->end_note);
    tg_buf_append_u8(out, '}');
    return tg_buf_status(out);
}

/* The string, or fallback if it is absent. */
static struct tg_bytes string_or(struct tg_json_object in, const char *name,
                                 struct tg_bytes fallback)
{
    struct tg_bytes text = { NULL, 0 };
    enum tg_err err =
        tg_json_get_string(&text, in, name, TG_JSON_REQUIRED, 0, TG_RESPONSE_BODY_MAX, NULL);

    return err == TG_OK ? text : fallback;
}

enum tg_err tg_problem_decode(struct tg_problem *out, struct tg_json **doc, struct tg_bytes body)
{
    enum tg_err err = tg_parts_parse_body(doc, body, &tg_parts_answer_limits, NULL);
    struct tg_json_object top = { NULL, "" };

    if (err != TG_OK) {
        return err;
    }
    top = tg_json_top(*doc);
    out->type = string_or(top, "type", TG_LIT(TG_PROBLEM_TYPE_BLANK));
    out->title = string_or(top, "title", TG_LIT(""));
    out->detail = string_or(top, "detail", TG_LIT(""));
    out->recipient = tg_recipient_parse(string_or(top, "recipient", TG_LIT("")));
    out->end_note = string_or(top, "endNote", TG_LIT(""));
    return TG_OK;
}
