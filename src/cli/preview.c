/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/preview.h"

#include "cli/state_dir.h"
#include "cli/ui_error.h"

/* A relay whose clock is outside these years has none. */
#define RELAY_TIME_MIN_S INT64_C(1735689600) /* the begin of 2025 */
#define RELAY_TIME_MAX_S INT64_C(4102444800) /* the begin of 2100 */

enum cli_exit preview_begin(struct ui *ui, struct flow *f, const struct tigress_share_url *parts,
                            const char *cacert)
{
    char url[TIGRESS_SHARE_URL_MAX];
    char why[TIGRESS_TEXT_MAX] = "";
    struct tigress_session *s = NULL;
    enum tigress_error error =
        tigress_share_url_format(parts, TIGRESS_FORM_HTTPS_BARE, url, sizeof(url));

    if (error == TIGRESS_OK) {
        error = tigress_recipient_new(&s, url, NULL, why, sizeof(why));
    }
    if (error == TIGRESS_OK) {
        error = tigress_session_want_preview(s);
    }
    if (error != TIGRESS_OK) {
        tigress_session_free(&s);
        return ui_error(ui, error, why);
    }
    return flow_begin_take(f, ui, NULL, s, cacert);
}

/* Any answer has the Date, also the 404 that is expected. */
static enum cli_exit take_time(struct ui *ui, struct flow *f, int64_t *now_s)
{
    enum tigress_error error;
    int64_t date_s;

    (void)tigress_transport_run(f->transport, 0);
    ui_progress_end(ui);
    date_s = tigress_transport_date_s(f->transport);
    error = tigress_session_error(f->session);
    if (date_s == 0 && error != TIGRESS_OK && error != TIGRESS_E_GONE) {
        return flow_run(f, 0); /* reports why */
    }
    if (date_s < RELAY_TIME_MIN_S || date_s >= RELAY_TIME_MAX_S) {
        return ui_fail(ui, CLI_REFUSED, "relay-date",
                       "the answer of the relay has no Date that can be used (expected: an HTTP "
                       "date of the years 2025 to 2099), so --expires has nothing to count from; "
                       "without --expires the relay decides.");
    }
    *now_s = date_s;
    return CLI_OK;
}

enum cli_exit preview_relay_time(struct ui *ui, int64_t *now_s, const char *relay,
                                 const char *cacert)
{
    char id[TRANSFER_ID_LEN + 1];
    char why[TIGRESS_TEXT_MAX] = "";
    struct tigress_share_url *parts = NULL;
    struct flow f = { 0 };
    enum tigress_error error;
    enum cli_exit exit = state_random_id(ui, id);

    if (exit != CLI_OK) {
        return exit;
    }
    error = tigress_share_url_new(&parts, relay, id, NULL, NULL, why, sizeof(why));
    exit = error == TIGRESS_OK ? preview_begin(ui, &f, parts, cacert) : ui_error(ui, error, why);
    if (exit == CLI_OK) {
        exit = take_time(ui, &f, now_s);
    }
    flow_end(&f);
    tigress_share_url_free(&parts);
    return exit;
}

int64_t preview_expiration(const char *url, const char *cacert)
{
    struct ui quiet = { .is_silent = true };
    struct tigress_share_url *parts = NULL;
    struct flow f = { 0 };
    int64_t expires_s = 0;

    if (tigress_share_url_parse(&parts, url, NULL, 0) == TIGRESS_OK &&
        preview_begin(&quiet, &f, parts, cacert) == CLI_OK) {
        (void)tigress_transport_run(f.transport, 0);
        ui_progress_end(&quiet);
        expires_s = tigress_session_expires_at_s(f.session);
    }
    flow_end(&f);
    tigress_share_url_free(&parts);
    return expires_s;
}
