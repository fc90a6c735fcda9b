/* SPDX-License-Identifier: Apache-2.0 */
#include "client/saved_frame.h"

#include "base/mem.h"
#include "base/reader.h"
#include "crypto/digest.h"

#define HEAD_LEN 6u /* magic number and version */
/* No saved state is shorter: its fields are at least two bytes. */
#define LEN_MIN (HEAD_LEN + 2u + TG_SHA256_LEN)

void tg_saved_frame_begin(struct tg_buf *out, const struct tg_saved_frame *frame)
{
    tg_buf_append_u32(out, frame->magic);
    tg_buf_append_u16(out, frame->version);
}

enum tg_err tg_saved_frame_end(struct tg_buf *out)
{
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_buf_status(out));
    TG_TRY(tg_sha256(hash, tg_buf_view(out)));
    tg_buf_append(out, TG_ARRAY_BYTES(hash));
    err = tg_buf_status(out);
out:
    return err;
}

enum tg_err tg_saved_frame_open(struct tg_bytes *fields, struct tg_bytes data,
                                const struct tg_saved_frame *frame, struct tg_fault *fault)
{
    uint8_t hash[TG_SHA256_LEN] = { 0 };
    struct tg_reader r = tg_reader_init(data);
    struct tg_bytes body = { NULL, 0 };
    unsigned oldest = frame->oldest != 0 ? frame->oldest : frame->version;
    unsigned version = 0;
    enum tg_err err = TG_E_BUG;

    if (data.len < LEN_MIN || data.len > frame->max || tg_reader_u32(&r) != frame->magic) {
        tg_fault_set(fault, "not the saved state of %s, or truncated", frame->owner);
        return TG_E_SYNTAX;
    }
    version = tg_reader_u16(&r);
    if (version < oldest || version > frame->version) {
        tg_fault_set(fault, "the saved state has version %u; expected version %u", version,
                     (unsigned)frame->version);
        return TG_E_UNSUPPORTED;
    }
    body = tg_bytes_first(data, data.len - TG_SHA256_LEN);
    TG_TRY(tg_sha256(hash, body));
    if (!tg_ct_equal(TG_ARRAY_BYTES(hash), tg_bytes_from(data, body.len))) {
        tg_fault_set(fault, "the saved state is damaged or truncated");
        err = TG_E_SYNTAX;
        goto out;
    }
    *fields = tg_bytes_from(body, HEAD_LEN);
out:
    return err;
}

unsigned tg_saved_frame_version(struct tg_bytes data)
{
    struct tg_reader r = tg_reader_init(data);

    (void)tg_reader_u32(&r);
    return tg_reader_u16(&r);
}
