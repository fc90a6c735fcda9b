/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/page/words.h - the fixed texts of the pages: a row for each message, a column for each
 * language. Layer: L2 (base).   Threads: any.   Blocks: no.   Secrets: none.
 *
 * The texts are in words/<tag>.inc. They are HTML without a tag: they contain none of & < > " and
 * need no escaping. "{}" is where a value goes. tests/unit/relay/test_page_words.c keeps each
 * language complete, and its messages of sane length.
 */
#ifndef TG_RELAY_PAGE_WORDS_H
#define TG_RELAY_PAGE_WORDS_H

#include "base/buf.h"
#include "relay/page/language.h"

enum tg_word {
    /* What is shared; the first four in the order of enum tg_page_vertical. */
    TG_W_SHARED_GENERAL,
    TG_W_SHARED_CAR,
    TG_W_SHARED_HOME,
    TG_W_SHARED_HOTEL,
    TG_W_QUOTED, /* above the sender's words */
    TG_W_UNTIL,
    TG_W_PREVIEW, /* the description of a link preview without one of the sender */
    TG_W_PICTURE, /* what the relay's own picture shows, for those who do not see it */
    /* What to do. */
    TG_W_WHAT_NOW,
    TG_W_COMPUTER,
    TG_W_TAP,
    TG_W_IOS_AGAIN,
    TG_W_ANDROID_AGAIN,
    TG_W_PHONE_FIRST,
    TG_W_PHONE_TAP,
    TG_W_ACCEPT,
    TG_W_OPEN_APP, /* buttons; {}: the name of the app */
    TG_W_GET_APP,
    TG_W_APP_ONLY, /* what the buttons do not do */
    /* What to know. */
    TG_W_ONE_TITLE,
    TG_W_ONE,
    TG_W_MONEY_TITLE,
    TG_W_MONEY,
    TG_W_RELAY_TITLE,
    TG_W_RELAY,
    TG_W_SUPPORT,
    /* A title and a text for each state from TG_PAGE_OPENED on, in their order. */
    TG_W_OPENED_TITLE,
    TG_W_OPENED,
    TG_W_WITHDRAWN_TITLE,
    TG_W_WITHDRAWN,
    TG_W_USED_TITLE,
    TG_W_USED,
    TG_W_EXPIRED_TITLE,
    TG_W_EXPIRED,
    TG_W_UNKNOWN_TITLE,
    TG_W_UNKNOWN,
    TG_W_DAMAGED_TITLE,
    TG_W_DAMAGED,
    TG_W_TOO_MANY_TITLE,
    TG_W_TOO_MANY,
    TG_W_DOWN_TITLE,
    TG_W_DOWN,
    TG_W_DRAINING_TITLE,
    TG_W_DRAINING,
    TG_W_FRONT_TITLE,
    TG_W_FRONT,
    TG_W_NOT_FOUND_TITLE,
    TG_W_NOT_FOUND,
    TG_W_BAD_REQUEST_TITLE,
    TG_W_BAD_REQUEST,
    /* Dates. {w} weekday, {d} day, {m} month, {y} year. */
    TG_W_DATE,
    TG_W_MOMENT, /* less than a minute is left */
    TG_W_COUNT
};

/* Forms of a count: those of CLDR. NULL: that of OTHER. Without "{}" the number is in the word. */
enum tg_plural { TG_ONE, TG_TWO, TG_FEW, TG_MANY, TG_OTHER };
#define TG_PLURAL_COUNT 5u

enum tg_unit { TG_MINUTES, TG_HOURS, TG_DAYS };
#define TG_UNIT_COUNT 3u

struct tg_page_words {
    const char *status; /* who has reviewed the texts: "not reviewed by a speaker" */
    bool is_right_to_left;
    enum tg_plural (*plural)(uint64_t count);
    const char *text[TG_W_COUNT];
    const char *left[TG_UNIT_COUNT][TG_PLURAL_COUNT]; /* "{} days left" */
    const char *months[12];
    const char *weekdays[7]; /* Monday first */
};

const struct tg_page_words *tg_page_words(enum tg_page_language language);

/* Appends a text with a value in the place of "{}"; value is HTML. */
void tg_page_put_filled(struct tg_buf *out, const char *text, struct tg_bytes value);

#endif
