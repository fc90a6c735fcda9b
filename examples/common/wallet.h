/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common/wallet.h - the wallet's side of a transfer, in a process that may end after each step: one
 * session, saved in FOLDER/session before every request and after every answer.
 * TIGRESS_CACERT names the relay's certificate authority when it is not one of the system's.
 */
#ifndef EXAMPLES_WALLET_H
#define EXAMPLES_WALLET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <tigress/tigress.h>

#define RECEIVE_WAIT_S 20

struct wallet {
    const char *folder; /* borrowed */
    struct tigress_session *session;
    struct tigress_transport *transport;
};

/* Each reports a failure on standard error. Call wallet_close() in any case. */

struct wallet_offer {
    const char *relay, *vertical, *title, *description;
    const char *rights;     /* "RD" or "RWD" */
    int64_t expires_at_s;   /* UTC seconds; 0: the relay's default */
    const char *apns_token; /* where APNs reaches this device; NULL: no push */
    const char *platform;   /* socket of the platform that attests this device; NULL: none does */
    const json_t *message;
};

/* Creates the mailbox; url is the invitation. Running the command counts as the user's consent. */
bool wallet_share(struct wallet *w, const char *folder, const struct wallet_offer *offer,
                  char url[TIGRESS_SHARE_URL_MAX]);
/* Claims the transfer; the first message is then there for wallet_message(). relays is the list of
   relays that may be used, "HOST:PORT,..."; NULL: every relay. */
bool wallet_accept(struct wallet *w, const char *folder, const char *url, const char *relays);
/* Continues the transfer of this folder. */
bool wallet_resume(struct wallet *w, const char *folder);
/* The "content" of the unanswered message, or of the next one; NULL: none arrived, or the transfer
   has ended. For json_decref(). */
json_t *wallet_message(struct wallet *w);
/* The value of this request in a content; NULL: it has none. Ends with content, which may be NULL.
 */
const json_t *wallet_request_of(const json_t *content, enum tigress_request kind);
/* Sends {"format": format, "content": content}; releases content. */
bool wallet_answer(struct wallet *w, const char *format, json_t *content);
/* The credential is saved: ends the transfer. */
bool wallet_finish(struct wallet *w);
/* Stops it: the initiator withdraws, the recipient declines. */
bool wallet_cancel(struct wallet *w);
/* Waits for the other side to end it. */
bool wallet_wait_completed(struct wallet *w);
/* Saves the session, as before each request. */
bool wallet_keep(struct wallet *w);
/* Reports why a call was refused or the session failed; returns false. */
bool wallet_complain(const struct wallet *w, enum tigress_error error);
void wallet_close(struct wallet *w);

/* The steps above as whole commands, each from open to close. */

/* Shares, and prints the invitation. */
bool wallet_run_share(const char *folder, const struct wallet_offer *offer);
/* The "content" of the first message, as wallet_message() returns it. */
json_t *wallet_run_accept(const char *folder, const char *url, const char *relays);
/* Resumes and finishes. */
bool wallet_run_finish(const char *folder);
/* Resumes and stops. */
bool wallet_run_cancel(const char *folder);
/* Resumes, waits until the other side has ended it, and prints how, and by whose word. false: the
   other side has not finished. */
bool wallet_run_wait(const char *folder);

#endif
