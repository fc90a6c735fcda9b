/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/answer.h"

#include "base/b64.h"
#include "base/mem.h"
#include "relay/reply.h"
#include "relay/standing_case.h"
#include "wire/msg_create.h"
#include "wire/msg_read.h"
#include "wire/msg_update.h"

#define URL_MAX 2048u
#define NOTE_TEXT_MAX 344u /* TG_END_NOTE_MAX bytes in base64url */

/* ---- sending -------------------------------------------------------------------------------- */

static void start_reply(struct tg_reply *reply, struct tg_exchange *ex)
{
    tg_reply_init(reply, ex->relay->config, tg_bytes(ex->request_id, ex->request_id_len));
    reply->response.is_head = ex->route.is_head;
    reply->response.must_close = ex->must_close;
    if (tg_accept_is_html(&ex->accept)) {
        reply->person = (struct tg_reply_person){ .site = ex->relay->site,
                                                  .reader = ex->reader,
                                                  .vertical = ex->vertical };
    }
    if (ex->route.kind == TG_ROUTE_CALL) {
        reply->response.call = (int)ex->route.call;
    }
}

/* The exchange ends before respond() is called, so that no callback can end it a second time. */
static void send_reply(struct tg_reply *reply, struct tg_exchange *ex)
{
    tg_reply_finish(reply);
    tg_exchange_go(ex, TG_EX_ENDED);
    ex->ops->respond(ex->ctx, &reply->response);
    tg_reply_deinit(reply);
}

/* ---- successes ------------------------------------------------------------------------------ */

/* Built from the configuration, never from the Host header. spec: protocol/4#url-link */
static enum tg_err append_url(struct tg_buf *out, const struct tg_exchange *ex)
{
    char id[TG_UUID_TEXT_LEN + 1];

    tg_uuid_format(id, &ex->change->mailbox);
    tg_buf_append_str(out, ex->relay->config->public_url);
    tg_buf_append_str(out, "/v1/m/");
    tg_buf_append_str(out, id);
    tg_mem_wipe(id, sizeof(id));
    return tg_buf_status(out);
}

static enum tg_err fill_created(struct tg_reply *reply, struct tg_exchange *ex)
{
    enum tg_err err = TG_E_BUG;
    struct tg_buf url;
    struct tg_msg_created msg = { .is_push_supported =
                                      ex->change->contents->result.is_push_supported };

    tg_buf_init(&url, URL_MAX);
    TG_TRY(append_url(&url, ex));
    msg.url_link = tg_buf_view(&url);
    tg_reply_header(reply, "content-type", "application/json");
    err = tg_msg_created_encode(&reply->body, &msg);
out:
    tg_buf_deinit(&url);
    return err;
}

/* The picture of the sender, if the operator allows it, and the drawing of the vertical, which
   takes its place. url: of the drawing, a buffer of the caller. spec: protocol/5#pictures */
static enum tg_err pick_images(struct tg_page *page, struct tg_buf *url,
                               const struct tg_exchange *ex)
{
    static const enum tg_picture pictures[TG_PAGE_VERTICAL_COUNT] = {
        [TG_PAGE_GENERAL] = TG_PICTURE_GENERAL,
        [TG_PAGE_CAR] = TG_PICTURE_CAR,
        [TG_PAGE_HOME] = TG_PICTURE_HOME,
        [TG_PAGE_HOTEL] = TG_PICTURE_HOTEL,
    };
    const struct tg_relay_face *face = &ex->relay->face;

    if (tg_image_is_allowed(&face->images, page->display->image_url)) {
        page->image = (struct tg_page_image){ .url = page->display->image_url };
    }
    if (face->files != NULL) {
        tg_buf_append_str(url, ex->relay->config->public_url);
        tg_buf_append_str(url, tg_files_picture_path(face->files, pictures[ex->vertical]));
        page->drawing = (struct tg_page_image){ tg_buf_view(url), TG_PICTURE_TYPE, TG_PICTURE_WIDTH,
                                                TG_PICTURE_HEIGHT };
    }
    return tg_buf_status(url);
}

/* spec: protocol/5#preview-json */
static enum tg_err fill_preview(struct tg_reply *reply, struct tg_exchange *ex)
{
    const struct tg_change_contents *made = ex->change->contents;
    enum tg_err err = TG_E_BUG;
    struct tg_buf url, drawing;

    tg_buf_init(&url, URL_MAX);
    tg_buf_init(&drawing, URL_MAX);
    if (tg_accept_is_json(&ex->accept)) {
        const struct tg_msg_preview msg = { made->box.display, made->box.expires_s,
                                            made->result.recipient };

        tg_reply_header(reply, "content-type", "application/json");
        TG_TRY(tg_msg_preview_encode(&reply->body, &msg));
    } else {
        struct tg_page page = { .state = made->result.recipient == TG_RECIPIENT_BOUND
                                             ? TG_PAGE_OPENED
                                             : TG_PAGE_OPEN,
                                .vertical = ex->vertical,
                                .reader = ex->reader,
                                .display = &made->box.display,
                                .now_s = ex->now.high_s,
                                .expires_s = made->box.expires_s };

        TG_TRY(append_url(&url, ex));
        page.url = tg_buf_view(&url);
        TG_TRY(pick_images(&page, &drawing, ex));
        TG_TRY(tg_reply_page(reply, ex->relay->site, &page));
    }
    err = TG_OK;
out:
    tg_buf_deinit(&drawing);
    tg_buf_deinit(&url);
    return err;
}

static bool has_left_token(const struct tg_exchange *ex)
{
    return ex->change->cmd.token.is_present || ex->poll.has_left_token;
}

/* spec: protocol/4#read-tells-push-supported */
static enum tg_err fill_content(struct tg_reply *reply, struct tg_exchange *ex)
{
    const struct tg_change_contents *made = ex->change->contents;
    struct tg_msg_content msg = { .payload = made->box.payload,
                                  .display = made->box.display,
                                  .expiration_s = made->box.expires_s,
                                  .has_push_supported = has_left_token(ex),
                                  .is_push_supported = made->result.is_push_supported };

    tg_reply_header(reply, "content-type", "application/json");
    return tg_msg_content_encode(&reply->body, &msg);
}

static enum tg_err fill_updated(struct tg_reply *reply, struct tg_exchange *ex)
{
    tg_reply_header(reply, "content-type", "application/json");
    return tg_msg_updated_encode(&reply->body, ex->change->contents->result.is_push_supported);
}

/* The content of a success of each call. spec: protocol/2#version-on-success */
static const struct {
    bool has_version;
    bool has_variants; /* the answer depends on Accept and Accept-Language */
    enum tg_err (*fill)(struct tg_reply *reply, struct tg_exchange *ex);
} successes[TG_CALL_COUNT] = {
    [TG_CALL_CREATE] = { true, false, fill_created },
    [TG_CALL_PREVIEW] = { false, true, fill_preview },
    [TG_CALL_READ] = { true, false, fill_content },
    [TG_CALL_UPDATE] = { true, false, fill_updated },
    [TG_CALL_DELETE] = { false, false, NULL },
    [TG_CALL_RELINQUISH] = { false, false, NULL },
};

/* The 204 of a long poll has no body, so a header states what the body of a 200 would.
   spec: protocol/4#read-tells-push-supported */
static void fill_no_news(struct tg_reply *reply, const struct tg_exchange *ex,
                         bool is_push_supported)
{
    reply->response.status = 204;
    if (has_left_token(ex)) {
        tg_reply_header(reply, "mailbox-push-supported", is_push_supported ? "true" : "false");
    }
}

static enum tg_err fill_success(struct tg_reply *reply, struct tg_exchange *ex)
{
    const struct tg_mailbox_result *result = &ex->change->contents->result;
    enum tg_err err = TG_OK;

    reply->response.status = result->status;
    if (result->status == 204) {
        fill_no_news(reply, ex, result->is_push_supported);
    } else if (successes[ex->route.call].fill != NULL) {
        err = successes[ex->route.call].fill(reply, ex);
    }
    /* spec: protocol/2#recipient-told-to-initiator, protocol/4#delete-says-whether-opened */
    if (ex->route.call != TG_CALL_PREVIEW) {
        tg_reply_recipient(reply, result->recipient);
    }
    if (successes[ex->route.call].has_version) {
        tg_reply_version(reply, result->version);
    }
    return err;
}

/* ---- refusals ------------------------------------------------------------------------------- */

/* spec: protocol/5#secret-in-target */
static const char damaged_detail[] =
    "The path or the query has what can be the secret of a link, which a server must not see; ask "
    "the sender for a new link.";

/* spec: protocol/5#used-told-from-unknown */
static enum tg_page_state gone_state(const struct tg_exchange *ex)
{
    const struct tg_mailbox_result *result = &ex->change->contents->result;
    static const enum tg_page_state ends[] = {
        [TG_MAILBOX_LIVE] = TG_PAGE_EXPIRED,
        [TG_MAILBOX_ENDED_BY_INITIATOR] = TG_PAGE_ENDED_BY_SENDER,
        [TG_MAILBOX_ENDED_BY_RECIPIENT] = TG_PAGE_ENDED_BY_RECIPIENT,
    };

    if (ex->route.is_damaged) {
        return TG_PAGE_DAMAGED;
    }
    /* Another call than the preview tells the end only to the two devices, which have a problem. */
    return result->was_once_valid && (result->problem != NULL || ex->route.call == TG_CALL_PREVIEW)
               ? ends[result->ended]
               : TG_PAGE_UNKNOWN;
}

/* A browser gets a page, and a preview has one by default. spec: protocol/4#preview-404-page */
static bool is_gone_page(const struct tg_exchange *ex)
{
    bool is_default = ex->route.call == TG_CALL_PREVIEW && !tg_accept_is_json(&ex->accept);

    return ex->change->contents->result.status == 404 &&
           (is_default || tg_accept_is_html(&ex->accept));
}

static enum tg_err fill_gone_page(struct tg_reply *reply, struct tg_exchange *ex)
{
    reply->response.status = 404;
    return tg_reply_page(reply, ex->relay->site,
                         &(struct tg_page){ .state = gone_state(ex),
                                            .vertical = ex->vertical,
                                            .reader = ex->reader });
}

static enum tg_err fill_refusal(struct tg_reply *reply, struct tg_exchange *ex)
{
    const struct tg_mailbox_result *result = &ex->change->contents->result;
    struct tg_buf note;
    enum tg_err err = TG_E_BUG;

    if (is_gone_page(ex)) {
        return fill_gone_page(reply, ex);
    }
    tg_buf_init(&note, NOTE_TEXT_MAX);
    tg_b64_encode(&note, result->end_note, TG_B64_URL);
    TG_TRY(tg_buf_status(&note));
    tg_reply_ended(reply, result->status, result->problem,
                   ex->route.is_damaged ? damaged_detail : result->fault.text, result->recipient,
                   tg_buf_view(&note));
    tg_reply_retry_after(reply, result->retry_after_s);
    reply->response.is_disputed = result->status == 503;
    if (result->is_claim_challenge) {
        tg_reply_header(reply, "www-authenticate", "DeviceClaim");
    }
    if (ex->standing != NULL && ex->standing->is_challenged) {
        tg_standing_add_challenges(ex, reply);
    }
    if (result->status == 412) {
        tg_reply_version(reply, result->version);
    }
    err = TG_OK;
out:
    tg_buf_deinit(&note);
    return err;
}

/* ---- answers -------------------------------------------------------------------------------- */

void tg_answer_error(struct tg_exchange *ex, enum tg_err err)
{
    struct tg_reply reply;

    start_reply(&reply, ex);
    tg_reply_error(&reply, err);
    send_reply(&reply, ex);
}

void tg_answer_refusal(struct tg_exchange *ex, const struct tg_refusal *refusal)
{
    struct tg_reply reply;

    start_reply(&reply, ex);
    tg_reply_problem(&reply, refusal->status, NULL, refusal->detail);
    tg_reply_retry_after(&reply, refusal->retry_after_s);
    send_reply(&reply, ex);
}

static void add_vary(struct tg_reply *reply, const struct tg_exchange *ex)
{
    if (successes[ex->route.call].has_variants) {
        tg_reply_vary(reply);
    }
}

void tg_answer_result(struct tg_exchange *ex)
{
    enum tg_err err = TG_E_BUG;
    struct tg_reply reply;

    start_reply(&reply, ex);
    add_vary(&reply, ex);
    err = ex->change->contents->result.outcome == TG_OUTCOME_REFUSED ? fill_refusal(&reply, ex)
                                                                     : fill_success(&reply, ex);
    if (err != TG_OK) {
        tg_reply_deinit(&reply);
        tg_answer_error(ex, err);
        return;
    }
    send_reply(&reply, ex);
}

void tg_answer_no_news(struct tg_exchange *ex)
{
    struct tg_reply reply;

    start_reply(&reply, ex);
    fill_no_news(&reply, ex, ex->poll.is_push_supported);
    tg_reply_recipient(&reply, ex->poll.recipient);
    tg_reply_version(&reply, ex->poll.version);
    send_reply(&reply, ex);
}

/* The answer that the rules of the mailbox give where there is no record. */
static void answer_no_mailbox(struct tg_exchange *ex)
{
    enum tg_err err = TG_E_BUG;

    ex->change->now = ex->now;
    ex->change->cmd = (struct tg_mailbox_command){ .call = ex->route.call };
    err = tg_change_apply(ex->change, NULL);
    if (err != TG_OK) {
        tg_answer_error(ex, err);
    } else {
        tg_answer_result(ex);
    }
}

static void fill_no_method(struct tg_reply *reply, const char *allow)
{
    /* spec: protocol/1#allow */
    tg_reply_problem(reply, 405, NULL,
                     "This path does not support this method; the header Allow lists those it "
                     "supports.");
    tg_reply_header(reply, "allow", allow);
}

static bool is_front(struct tg_bytes target)
{
    return tg_bytes_is_equal(tg_bytes_first(target, tg_bytes_find(target, '?')), TG_LIT("/"));
}

/* The address of the relay itself. spec: protocol/5#front-page */
static bool answer_front(struct tg_exchange *ex)
{
    enum tg_err err = TG_E_BUG;
    struct tg_reply reply;

    start_reply(&reply, ex);
    reply.response.status = 200;
    err = tg_reply_page(&reply, ex->relay->site,
                        &(struct tg_page){ .state = TG_PAGE_FRONT, .reader = ex->reader });
    if (err != TG_OK) {
        tg_reply_deinit(&reply);
        tg_answer_error(ex, err);
    } else {
        send_reply(&reply, ex);
    }
    return true;
}

bool tg_answer_file(struct tg_exchange *ex, const struct tg_http_request *request)
{
    static const char allow[] = "GET, HEAD, OPTIONS";
    const struct tg_relay_config *config = ex->relay->config;
    const struct tg_file *file = tg_files_find(ex->relay->face.files, request->target);
    bool is_read = ex->route.is_head || tg_bytes_is_equal(request->method, TG_LIT("GET"));
    struct tg_reply reply;

    if (is_read && is_front(request->target) && tg_accept_is_html(&ex->accept)) {
        return answer_front(ex);
    }
    if (file == NULL) {
        return false;
    }
    if (is_read) {
        ex->request_id_len = 0; /* a cache would repeat it to others */
    }
    start_reply(&reply, ex);
    if (is_read) {
        tg_reply_file(&reply, file, request);
    } else if (tg_bytes_is_equal(request->method, TG_LIT("OPTIONS"))) {
        tg_reply_options(&reply, config, allow);
    } else {
        fill_no_method(&reply, allow);
    }
    send_reply(&reply, ex);
    return true;
}

void tg_answer_route(struct tg_exchange *ex)
{
    struct tg_reply reply;

    if (ex->route.kind == TG_ROUTE_NO_MAILBOX) {
        answer_no_mailbox(ex);
        return;
    }
    start_reply(&reply, ex);
    if (ex->route.kind == TG_ROUTE_OPTIONS) {
        tg_reply_options(&reply, ex->relay->config, ex->route.allow);
    } else if (ex->route.kind == TG_ROUTE_NO_METHOD) {
        fill_no_method(&reply, ex->route.allow);
    } else {
        tg_reply_problem(&reply, 404, NULL,
                         "There is no resource at this path; expected /v1/m or /v1/m/{mailbox}.");
    }
    send_reply(&reply, ex);
}
