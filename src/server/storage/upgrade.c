/* SPDX-License-Identifier: Apache-2.0 */
#include "server/storage/storage.h"

#include "base/mem.h"
#include "server/storage/key_audit.h"
#include "server/storage/key_proof.h"

#include <errno.h>
#include <unistd.h>

#define LINKS_BYTES_MAX (TG_KEY_PROOF_LINKS_MAX * TG_KEY_PROOF_LINK_MAX)

static const char links_advice[] =
    "Give links to live mailboxes of this relay on standard input, one a line, for example of one "
    "that\nyou make for this with the earlier version. The part after # is not needed.\n";

/* All of fd. TG_E_LIMIT: more than LINKS_BYTES_MAX. */
static enum tg_err read_links(struct tg_buf *out, int fd)
{
    ssize_t got = 0;

    do {
        size_t len = out->len;
        uint8_t *at = tg_buf_extend(out, TG_KEY_PROOF_LINK_MAX);

        if (at == NULL) {
            return TG_E_LIMIT;
        }
        got = read(fd, at, TG_KEY_PROOF_LINK_MAX);
        tg_buf_truncate(out, len + (got > 0 ? (size_t)got : 0));
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got == 0 ? TG_OK : TG_E_IO;
}

static enum tg_err add_links(struct tg_key_proof *proof, struct tg_bytes text,
                             struct tg_fault *fault)
{
    unsigned line_no = 0;

    while (text.len > 0) {
        size_t len = tg_bytes_find(text, '\n');
        struct tg_bytes line = tg_bytes_trim(tg_bytes_first(text, len));
        enum tg_err err = TG_OK;

        line_no++;
        if (line.len > 0) {
            err = tg_key_proof_add_link(proof, line);
        }
        if (err != TG_OK) {
            tg_fault_set(fault,
                         "standard input, line %u: expected a link to a mailbox, and at most %u "
                         "lines",
                         line_no, TG_KEY_PROOF_LINKS_MAX);
            return err;
        }
        text = tg_bytes_from(text, len + 1);
    }
    return TG_OK;
}

static enum tg_err take_links(struct tg_key_proof *proof, int fd, struct tg_fault *fault)
{
    struct tg_buf text;
    enum tg_err err = TG_E_BUG;

    tg_buf_init(&text, LINKS_BYTES_MAX);
    err = read_links(&text, fd);
    if (err != TG_OK) {
        tg_fault_set(fault, "standard input cannot be read, or is too long");
        goto out;
    }
    TG_TRY(add_links(proof, tg_buf_view(&text), fault));
out:
    tg_buf_deinit(&text);
    return err;
}

/* First what the store alone proves, then the links. */
static enum tg_err prove(struct tg_storage *st, int links_fd, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_fault first = { { 0 } };
    struct tg_key_proof *proof = tg_mem_calloc(1, sizeof(*proof)); /* large for a stack */

    TG_REQUIRE(proof != NULL, TG_E_NOMEM);
    tg_key_proof_init(proof, &st->keyring);
    TG_TRY(st->store->ops->survey(st->store, TG_STORE_SURVEY_ALL, tg_key_proof_see, proof));
    err = tg_key_proof_judge(proof, &first);
    if (err == TG_E_NOTFOUND) {
        st->advice = links_advice;
        tg_key_proof_deinit(proof);
        tg_key_proof_init(proof, &st->keyring);
        TG_TRY(take_links(proof, links_fd, fault));
        TG_TRY(st->store->ops->survey(st->store, TG_STORE_SURVEY_ALL, tg_key_proof_see, proof));
        err = tg_key_proof_judge(proof, fault);
    } else {
        *fault = first;
    }
out:
    if (proof != NULL) {
        tg_key_proof_deinit(proof);
        tg_mem_free_secret(proof, sizeof(*proof));
    }
    return err;
}

static enum tg_err upgrade(struct tg_storage *st, int links_fd, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;
    struct tg_key_audit audit;

    TG_TRY(tg_key_audit_init(&audit, &st->keyring));
    TG_TRY(st->store->ops->survey(st->store, TG_STORE_SURVEY_ALL, tg_key_audit_see, &audit));
    if (audit.version > 0 || !audit.has_content) {
        return tg_key_audit_run(st->store, &st->keyring, fault, &st->advice);
    }
    TG_TRY(prove(st, links_fd, fault));
    TG_TRY(tg_key_audit_save(st->store, &audit));
    st->advice = NULL;
    err = TG_OK;
out:
    return err;
}

enum tg_err tg_storage_upgrade(struct tg_storage *st, const struct tg_config *config,
                               const struct tg_log *log, int links_fd, struct tg_fault *fault)
{
    enum tg_err err = TG_E_BUG;

    TG_TRY(tg_storage_open_to_upgrade(st, config, log, fault));
    TG_TRY(upgrade(st, links_fd, fault));
    err = TG_OK;
out:
    return err;
}
