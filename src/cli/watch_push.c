/* SPDX-License-Identifier: Apache-2.0 */
/* Between two looks no transfer is locked, so that other commands can use it. */
#include "cli/watch_push.h"

#include "cli/listen.h"
#include "cli/mem.h"
#include "cli/state_dir.h"
#include "cli/ui_error.h"

#include <stdio.h>
#include <string.h>

#define PATH_PREFIX "/push/"

struct subscriber {
    const struct watched *who;
    struct tigress_webpush *keys;
    char path[sizeof(PATH_PREFIX) + TRANSFER_ID_LEN];
};

struct watcher {
    struct ui *ui;
    const struct cli_args *args;
    struct listener *listener;
    struct subscriber *subscriber; /* room for as many as are watched */
    size_t count;
};

/* New keys and an unguessable path, as a notification token. */
static enum cli_exit subscribe(struct watcher *w, struct subscriber *s, const struct watched *who,
                               char token[TIGRESS_WEBPUSH_TOKEN_MAX])
{
    char endpoint[LISTEN_ORIGIN_MAX + sizeof(s->path)];
    char id[TRANSFER_ID_LEN + 1];
    enum cli_exit exit = state_random_id(w->ui, id);
    enum tigress_error error;

    if (exit != CLI_OK) {
        return exit;
    }
    s->who = who;
    snprintf(s->path, sizeof(s->path), PATH_PREFIX "%s", id);
    snprintf(endpoint, sizeof(endpoint), "%s%s", listen_origin(w->listener), s->path);
    error = tigress_webpush_new(&s->keys, NULL, NULL);
    if (error == TIGRESS_OK) {
        error = tigress_webpush_subscription(s->keys, endpoint, token, TIGRESS_WEBPUSH_TOKEN_MAX);
    }
    return error == TIGRESS_OK ? CLI_OK : ui_error(w->ui, error, NULL);
}

static enum cli_exit register_token(struct watcher *w, struct flow *f, const char *token,
                                    enum watch_news *news)
{
    enum tigress_error error = flow_interrupt(f);
    enum cli_exit exit;

    if (error == TIGRESS_OK) {
        error = tigress_session_set_notification_token(f->session, TIGRESS_WEBPUSH_TYPE, token);
    }
    if (error != TIGRESS_OK) {
        return ui_error(w->ui, error, NULL);
    }
    exit = watch_begin(f, news);
    if (exit == CLI_OK && *news == WATCH_NOTHING &&
        tigress_session_is_push_supported(f->session) == 0) {
        return ui_fail(w->ui, CLI_REFUSED, "push-unsupported",
                       "the relay does not send pushes to this endpoint; watch without "
                       "--webpush-listen, or see push-hosts in tigressd.conf(5).");
    }
    return exit;
}

/* *is_reported: the transfer had already changed. */
static enum cli_exit begin(struct watcher *w, const struct watched *who, bool *is_reported)
{
    struct subscriber *s = &w->subscriber[w->count];
    char token[TIGRESS_WEBPUSH_TOKEN_MAX] = "";
    enum watch_news news = WATCH_NOTHING;
    struct transfer t;
    struct flow f;
    enum cli_exit exit = watch_open(&f, w->ui, &t, who, w->args);

    if (exit == CLI_OK && t.is_unread) {
        news = WATCH_MESSAGE;
    } else if (exit == CLI_OK) {
        w->count++;
        exit = subscribe(w, s, who, token);
        if (exit == CLI_OK) {
            exit = register_token(w, &f, token, &news);
        }
    }
    *is_reported = exit != CLI_OK || news != WATCH_NOTHING;
    if (exit == CLI_OK && news != WATCH_NOTHING) {
        exit = watch_report(w->ui, w->args, &f, news);
    }
    flow_close(&f, &t);
    explicit_bzero(token, sizeof(token));
    return exit;
}

/* The subscriber whose push it is, if it decrypts; NULL with the status that refuses it. */
static const struct subscriber *recognise(const struct watcher *w, const struct listen_post *post,
                                          unsigned *status)
{
    *status = 404;
    for (size_t i = 0; i < w->count; i++) {
        const struct subscriber *s = &w->subscriber[i];
        char *text = NULL;
        size_t len = 0;

        if (strcmp(s->path, post->path) == 0) {
            *status =
                tigress_webpush_open(s->keys, post->body, post->len, &text, &len) == TIGRESS_OK
                    ? 201
                    : 400;
            tigress_free(text, len);
            return *status == 201 ? s : NULL;
        }
    }
    return NULL;
}

static enum cli_exit look(struct watcher *w, const struct subscriber *s, bool *is_reported)
{
    enum watch_news news = WATCH_NOTHING;
    struct transfer t;
    struct flow f;
    enum cli_exit exit = watch_open(&f, w->ui, &t, s->who, w->args);

    if (exit == CLI_OK) {
        news = WATCH_MESSAGE;
        exit = t.is_unread ? CLI_OK : watch_look(&f, tigress_session_check, 0, &news);
    }
    *is_reported = exit != CLI_OK || news != WATCH_NOTHING;
    if (exit == CLI_OK && *is_reported) {
        exit = watch_report(w->ui, w->args, &f, news);
    }
    flow_close(&f, &t);
    return exit;
}

static enum cli_exit sleep_and_look(struct watcher *w, int64_t until_s)
{
    struct listen_post *post = cli_alloc(sizeof(*post));
    enum cli_exit exit = CLI_OK;
    bool is_reported = false;

    if (post == NULL) {
        return ui_error(w->ui, TIGRESS_E_NOMEM, NULL);
    }
    ui_info(w->ui, "waiting for a push to %s ...", listen_origin(w->listener));
    while (!is_reported && listen_wait(w->listener, until_s, post)) {
        unsigned status = 0;
        const struct subscriber *s = recognise(w, post, &status);

        listen_answer(w->listener, status);
        if (s != NULL) {
            exit = look(w, s, &is_reported);
        }
    }
    cli_free(post);
    return is_reported ? exit : watch_report_nothing(w->ui);
}

static enum cli_exit watch_from(struct watcher *w, const struct watch_list *list, int64_t until_s)
{
    enum cli_exit exit = CLI_OK;
    bool is_reported = false;

    for (size_t i = 0; exit == CLI_OK && !is_reported && i < list->count; i++) {
        exit = begin(w, &list->entry[i], &is_reported);
    }
    return exit == CLI_OK && !is_reported ? sleep_and_look(w, until_s) : exit;
}

enum cli_exit watch_by_push(struct ui *ui, const struct cli_args *args,
                            const struct watch_list *list, int64_t until_s)
{
    struct watcher w = { .ui = ui, .args = args };
    enum cli_exit exit = listen_open(ui, &w.listener, args->value[OPT_WEBPUSH_LISTEN],
                                     args->value[OPT_LISTEN_CERT], args->value[OPT_LISTEN_KEY]);

    if (exit == CLI_OK) {
        w.subscriber = cli_alloc(list->count * sizeof(*w.subscriber));
        exit = w.subscriber != NULL ? watch_from(&w, list, until_s)
                                    : ui_error(ui, TIGRESS_E_NOMEM, NULL);
    }
    for (size_t i = 0; i < w.count; i++) {
        tigress_webpush_free(&w.subscriber[i].keys);
    }
    cli_free(w.subscriber);
    listen_close(&w.listener);
    return exit;
}
