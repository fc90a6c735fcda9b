/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json_text.h"

#include "base/hex.h"

struct cursor {
    struct tg_bytes text;
    size_t at;
};

/* Offsets of a member, from the quote of its name to the byte after its value. */
struct place {
    size_t name;
    size_t value;
    size_t end;
    size_t comma; /* before it; equal to name for the first member */
};

static uint8_t here(const struct cursor *c)
{
    return c->at < c->text.len ? c->text.ptr[c->at] : 0;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct tg_bytes tg_json_text_trim(struct tg_bytes json)
{
    while (json.len > 0 && is_space(json.ptr[0])) {
        json = tg_bytes_from(json, 1);
    }
    while (json.len > 0 && is_space(json.ptr[json.len - 1])) {
        json.len--;
    }
    return json;
}

static void skip_space(struct cursor *c)
{
    while (is_space(here(c))) {
        c->at++;
    }
}

/* Moves from a quote to the byte after the closing one. */
static void skip_string(struct cursor *c)
{
    c->at++;
    while (c->at < c->text.len && here(c) != '"') {
        c->at += here(c) == '\\' ? 2 : 1;
    }
    c->at = c->at < c->text.len ? c->at + 1 : c->text.len;
}

/* Moves to the byte after the value, by counting brackets. */
static void skip_value(struct cursor *c)
{
    size_t depth = 0;

    while (c->at < c->text.len) {
        uint8_t byte = here(c);

        if (depth == 0 && (byte == ',' || byte == '}' || byte == ']' || is_space(byte))) {
            return;
        }
        if (byte == '"') {
            skip_string(c);
        } else {
            depth += byte == '{' || byte == '[' ? 1 : 0;
            depth -= byte == '}' || byte == ']' ? 1 : 0;
            c->at++;
        }
        if (depth == 0 && (byte == '"' || byte == '}' || byte == ']')) {
            return;
        }
    }
}

/* The next character of a name, unescaped; 0 at the closing quote and for every character that is
   not ASCII. */
static uint8_t next_of_name(struct cursor *c)
{
    uint8_t byte = here(c);
    unsigned value = 0;

    if (byte == '"') {
        return 0;
    }
    c->at++;
    if (byte != '\\') {
        return byte < 0x80 ? byte : 0;
    }
    byte = here(c);
    c->at++;
    if (byte != 'u') {
        return byte == '/' || byte == '\\' || byte == '"' ? byte : 0;
    }
    for (unsigned i = 0; i < 4; i++) {
        int digit = tg_hex_digit(here(c));

        c->at++;
        value = value * 16 + (digit >= 0 ? (unsigned)digit : 0x80);
    }
    return value < 0x80 ? (uint8_t)value : 0;
}

static bool is_named(struct tg_bytes text, size_t quote, const char *name)
{
    struct cursor c = { text, quote + 1 };

    for (; *name != '\0'; name++) {
        if (next_of_name(&c) != (uint8_t)*name) {
            return false;
        }
    }
    return here(&c) == '"';
}

static bool find(struct place *place, struct tg_bytes json, const char *name)
{
    struct cursor c = { json, 0 };
    size_t comma = 0;
    bool has_comma = false;

    skip_space(&c);
    if (here(&c) != '{') {
        return false;
    }
    c.at++;
    /* Each round advances by at least one byte. */
    for (;;) {
        skip_space(&c);
        if (here(&c) != '"') {
            return false;
        }
        place->name = c.at;
        place->comma = has_comma ? comma : c.at;
        skip_string(&c);
        skip_space(&c);
        if (here(&c) != ':') {
            return false;
        }
        c.at++;
        skip_space(&c);
        place->value = c.at;
        skip_value(&c);
        place->end = c.at;
        if (is_named(json, place->name, name)) {
            return true;
        }
        skip_space(&c);
        if (here(&c) != ',') {
            return false;
        }
        comma = c.at;
        has_comma = true;
        c.at++;
    }
}

struct tg_bytes tg_json_text_find(struct tg_bytes json, const char *name)
{
    struct place place = { .name = 0 };

    return find(&place, json, name) ? tg_bytes(json.ptr + place.value, place.end - place.value)
                                    : tg_bytes(NULL, 0);
}

void tg_json_text_cut(struct tg_buf *out, struct tg_bytes json, const char *name)
{
    struct place place = { .name = 0 };
    struct cursor after = { json, 0 };

    if (!find(&place, json, name)) {
        tg_buf_append(out, json);
        return;
    }
    after.at = place.end;
    skip_space(&after);
    /* The first member is cut with the comma after it, every other one with the comma before it. */
    if (place.comma == place.name && here(&after) == ',') {
        place.end = after.at + 1;
    }
    tg_buf_append(out, tg_bytes_first(json, place.comma));
    tg_buf_append(out, tg_bytes_from(json, place.end));
}

void tg_json_text_add(struct tg_buf *out, struct tg_bytes json, const char *name,
                      struct tg_bytes value)
{
    size_t end = json.len;
    bool is_empty = false;

    while (end > 0 && is_space(json.ptr[end - 1])) {
        end--;
    }
    if (end < 2 || json.ptr[end - 1] != '}') {
        out->err = out->err == TG_OK ? TG_E_SYNTAX : out->err;
        return;
    }
    end--;
    while (end > 0 && is_space(json.ptr[end - 1])) {
        end--;
    }
    is_empty = end > 0 && json.ptr[end - 1] == '{';
    tg_buf_append(out, tg_bytes_first(json, end));
    tg_buf_append_str(out, is_empty ? "\"" : ",\"");
    tg_buf_append_str(out, name);
    tg_buf_append_str(out, "\":");
    tg_buf_append(out, value);
    tg_buf_append(out, tg_bytes_from(json, end));
}
