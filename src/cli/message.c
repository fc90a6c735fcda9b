/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/message.h"

#include "cli/digits.h"
#include "cli/io.h"
#include "cli/mem.h"
#include "cli/settings.h"
#include "cli/ui_error.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SENTENCE_MAX 768
#define NAMES_MAX 1000
#define OUT_MAX 1024

/* Jansson's ASCII output does not escape DEL. */
static void print_escaped(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\x7f') {
            fputs("\\u007f", stdout);
        } else {
            fputc(*text, stdout);
        }
    }
    fputc('\n', stdout);
}

/* Indented; on a terminal in ASCII, so that no character of the other side controls it. */
static enum cli_exit print_message(struct ui *ui, const char *text, size_t len)
{
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    size_t flags = JSON_INDENT(2) | (isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0);

    char *pretty = object == NULL ? NULL : json_dumps(object, flags);

    json_decref(object);
    if (pretty == NULL) {
        return ui_fail(ui, CLI_REFUSED, "bad-message",
                       "the message has numbers or nesting that cannot be printed; write it to a "
                       "file with --out FILE.");
    }
    print_escaped(pretty);
    cli_free(pretty);
    return ui_flush(ui);
}

/* With --out the message is in the file, and the object has only its name. */
static json_t *result_of(const struct flow *f, const char *out, const char *text, size_t len)
{
    json_t *result = transfer_describe(f->t);
    json_t *message =
        out != NULL ? json_null() : json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

    if (result == NULL || message == NULL) {
        json_decref(result);
        json_decref(message);
        return NULL;
    }
    (void)json_object_set_new(result, "format",
                              json_string(tigress_session_message_format(f->session)));
    if (out != NULL) {
        (void)json_object_set_new(result, "out", json_string(out));
        json_decref(message);
    } else {
        (void)json_object_set_new(result, "message", message);
    }
    digits_add(result, f->session);
    return result;
}

/* A new name in the folder of the setting out, so that no message replaces another; NULL: print it.
 */
static const char *choose_out(const struct flow *f, const struct cli_args *args, char path[OUT_MAX])
{
    const char *out = args->value[OPT_OUT];
    long long number = f->t->received_count + 1;

    if (out != NULL) {
        return strcmp(out, "-") == 0 ? NULL : out;
    }
    if (args->settings == NULL || args->settings->out == NULL || f->ui->is_json) {
        return NULL;
    }
    for (int tries = 0; tries < NAMES_MAX; tries++) {
        if (snprintf(path, OUT_MAX, "%s/%s-%lld.json", args->settings->out, f->t->id,
                     number + tries) >= OUT_MAX ||
            access(path, F_OK) != 0) {
            break;
        }
    }
    return path;
}

enum cli_exit message_deliver(struct flow *f, const struct cli_args *args)
{
    char path[OUT_MAX];
    const char *out = choose_out(f, args, path);
    size_t len = 0;
    const char *text = tigress_session_message(f->session, &len);
    enum cli_exit exit = CLI_OK;

    if (out != NULL) {
        exit = io_write_file(f->ui, out, text, len);
    }
    if (exit != CLI_OK) {
        return exit;
    }
    f->t->received_count++;
    f->t->is_unread = false;
    if (f->ui->is_json) {
        exit = ui_result_take(f->ui, result_of(f, out, text, len));
    } else if (out == NULL) {
        exit = print_message(f->ui, text, len);
    } else {
        ui_info(f->ui, "the message was written to %s.", out);
    }
    if (exit == CLI_OK) {
        digits_say(f->ui, f->session, f->t->id);
    }
    return exit == CLI_OK ? flow_save(f) : exit;
}

enum cli_exit message_check(struct ui *ui, const char *path, const char *data, size_t len)
{
    char why[TIGRESS_TEXT_MAX] = "", sentence[SENTENCE_MAX];
    enum tigress_error error = tigress_message_check(data, len, why, sizeof(why));

    if (error == TIGRESS_OK) {
        return CLI_OK;
    }
    snprintf(sentence, sizeof(sentence),
             "%.256s is not a message {\"format\": TEXT, \"content\": OBJECT}: %s",
             strcmp(path, "-") == 0 ? "standard input" : path, why);
    return ui_error(ui, error, sentence);
}
