/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoders of the PIN: a saved state, a typed PIN, and a text to search. No input increases the
 * tries, and only the right PIN passes.
 */
#include <tigress/pin.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PIN "493027"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(int is_true)
{
    if (!is_true) {
        abort();
    }
}

static struct tigress_pin *made(void)
{
    struct tigress_pin *p = NULL;

    require(tigress_pin_new(&p, PIN, 0, NULL, NULL) == TIGRESS_OK);
    return p;
}

/* A saved state with bytes replaced by the input, whose first byte selects the position. */
static void drive_state(const uint8_t *data, size_t len)
{
    struct tigress_pin *p = made(), *again = NULL;
    unsigned char *saved = NULL;
    size_t saved_len = 0;

    require(tigress_pin_save(p, &saved, &saved_len) == TIGRESS_OK);
    for (size_t i = 1; i < len; i++) {
        saved[(data[0] + i) % saved_len] ^= data[i];
    }
    if (tigress_pin_resume(&again, saved, saved_len, NULL, 0) == TIGRESS_OK) {
        require(tigress_pin_tries_left(again) <= TIGRESS_PIN_TRIES_DEFAULT);
    }
    tigress_pin_free(&again);
    (void)!tigress_pin_resume(&again, data, len, NULL, 0);
    tigress_pin_free(&again);
    tigress_free(saved, saved_len);
    tigress_pin_free(&p);
}

static void drive_try(const char *typed)
{
    struct tigress_pin *p = made();
    enum tigress_pin_verdict verdict = TIGRESS_PIN_WRONG;
    char pin[TIGRESS_PIN_TEXT_MAX] = "";
    unsigned char *saved = NULL;
    size_t saved_len = 0;
    int is_pin = tigress_pin_normalise(typed, pin, sizeof(pin)) == TIGRESS_OK;

    require(is_pin == (strlen(pin) >= TIGRESS_PIN_DIGITS_MIN));
    require(strspn(pin, "0123456789") == strlen(pin));
    if (tigress_pin_begin_try(p, typed) == TIGRESS_OK) {
        require(tigress_pin_save(p, &saved, &saved_len) == TIGRESS_OK);
        require(tigress_pin_end_try(p, &verdict) == TIGRESS_OK);
        require((verdict == TIGRESS_PIN_RIGHT) == (strcmp(pin, PIN) == 0));
        require(tigress_pin_tries_left(p) == TIGRESS_PIN_TRIES_DEFAULT - 1);
    }
    tigress_free(saved, saved_len);
    tigress_pin_free(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tigress_pin *p = made();
    char *typed = malloc(len + 1);

    require(typed != NULL);
    if (len > 0) {
        memcpy(typed, data, len);
    }
    typed[len] = '\0';
    if (memmem(typed, len, PIN, strlen(PIN)) != NULL) {
        require(tigress_pin_check_text(p, typed, len) != TIGRESS_OK);
    } else {
        (void)!tigress_pin_check_text(p, typed, len);
    }
    drive_try(typed);
    drive_state(data, len);
    free(typed);
    tigress_pin_free(&p);
    return 0;
}
