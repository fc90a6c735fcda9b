/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <stdio.h>
#include <string.h>

#define ID_SHOWN 8u
#define CELL_MAX 512u
#define GAP 2u

enum column {
    COL_ID,
    COL_ROLE,
    COL_STATUS,
    COL_EXPIRES,
    COL_COUNTS,
    COL_RELAY,
    COL_TITLE,
    COL_COUNT
};

static const struct {
    const char *heading;
    unsigned least;    /* it is cut to this before a column is left out; 0: never cut */
    unsigned left_out; /* which is left out first; 0: never */
} columns[COL_COUNT] = {
    [COL_ID] = { "ID", 0, 0 },         [COL_ROLE] = { "ROLE", 0, 3 },
    [COL_STATUS] = { "STATUS", 0, 0 }, [COL_EXPIRES] = { "EXPIRES", 0, 4 },
    [COL_COUNTS] = { "OUT/IN", 0, 1 }, [COL_RELAY] = { "RELAY", 12, 2 },
    [COL_TITLE] = { "TITLE", 10, 0 },
};

struct table {
    unsigned width[COL_COUNT]; /* 0: left out */
    size_t id_len;             /* characters that tell all identifiers apart */
    int64_t now_s;
};

const char *table_status(const struct transfer *t)
{
    if (t->is_unread) {
        return "unread message";
    }
    return t->sending != 0 ? "answer interrupted" : transfer_status_name(t->status);
}

static enum ui_colour colour_of(const struct transfer *t)
{
    if (t->is_unread || t->sending != 0 || t->status == TRANSFER_PENDING) {
        return UI_YELLOW;
    }
    return t->status == TRANSFER_ACTIVE      ? UI_GREEN
           : t->status == TRANSFER_COMPLETED ? UI_PLAIN
                                             : UI_DIM;
}

static void write_cell(char cell[CELL_MAX], const struct table *table, const struct transfer *t,
                       enum column column)
{
    char text[CELL_MAX] = "";

    switch (column) {
    case COL_ID:
        snprintf(text, sizeof(text), "%.*s", (int)table->id_len, t->id);
        break;
    case COL_ROLE:
        snprintf(text, sizeof(text), "%s", transfer_role_name(t->role));
        break;
    case COL_STATUS:
        snprintf(text, sizeof(text), "%s", table_status(t));
        break;
    case COL_EXPIRES:
        ui_relative(text, t->expires_s, table->now_s);
        break;
    case COL_COUNTS:
        snprintf(text, sizeof(text), "%lld/%lld", (long long)t->sent_count,
                 (long long)t->received_count);
        break;
    case COL_RELAY:
        snprintf(text, sizeof(text), "%s", t->relay == NULL ? "" : t->relay);
        break;
    case COL_TITLE:
        snprintf(text, sizeof(text), "%s", t->title == NULL ? "" : t->title);
        break;
    case COL_COUNT:
        break;
    }
    ui_clean(cell, CELL_MAX, text);
}

/* One transfer has two roles where both sides are on this machine: that is no other identifier. */
static size_t id_len_of(const struct transfer *const list[], size_t count)
{
    size_t len = ID_SHOWN;

    for (size_t i = 0; i < count; i++) {
        for (size_t k = i + 1; k < count; k++) {
            while (len < TRANSFER_ID_LEN && strncmp(list[i]->id, list[k]->id, len) == 0 &&
                   strcmp(list[i]->id, list[k]->id) != 0) {
                len++;
            }
        }
    }
    return len;
}

static unsigned total(const struct table *table)
{
    unsigned sum = 0;

    for (size_t c = 0; c < COL_COUNT; c++) {
        sum += table->width[c] == 0 ? 0 : table->width[c] + GAP;
    }
    return sum < GAP ? 0 : sum - GAP;
}

/* Cuts the texts that may be cut, the title last. */
static void shrink(struct table *table, unsigned room)
{
    static const enum column order[] = { COL_RELAY, COL_TITLE };

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        unsigned over = total(table) > room ? total(table) - room : 0;
        unsigned width = table->width[order[i]], least = columns[order[i]].least;
        unsigned spare = width > least ? width - least : 0;

        table->width[order[i]] -= over < spare ? over : spare;
    }
}

static void fit(struct table *table, unsigned room)
{
    for (unsigned next = 1; room != 0 && next <= COL_COUNT; next++) {
        shrink(table, room);
        for (size_t c = 0; c < COL_COUNT && total(table) > room; c++) {
            if (columns[c].left_out == next) {
                table->width[c] = 0;
            }
        }
    }
    if (room != 0) {
        shrink(table, room);
    }
}

static void measure(struct table *table, const struct transfer *const list[], size_t count)
{
    char cell[CELL_MAX];

    for (enum column c = COL_ID; c < COL_COUNT; c++) {
        table->width[c] = ui_text_width(columns[c].heading);
        for (size_t i = 0; i < count; i++) {
            unsigned width;

            write_cell(cell, table, list[i], c);
            width = ui_text_width(cell);
            table->width[c] = width > table->width[c] ? width : table->width[c];
        }
    }
}

/* The last column is not padded: width 0 prints a text that fits as it is. */
static void print_cell(struct ui *ui, const struct table *table, enum column c, const char *text,
                       enum ui_colour colour)
{
    bool is_last = c == COL_TITLE;
    unsigned width = table->width[c];

    ui_print_cell(ui, text, is_last && ui_text_width(text) <= width ? 0 : width, colour);
    ui_print(ui, "%s", is_last ? "\n" : "  ");
}

void table_print(struct ui *ui, const struct transfer *const list[], size_t count, int64_t now_s)
{
    struct table table = { .id_len = id_len_of(list, count), .now_s = now_s };
    char cell[CELL_MAX];

    measure(&table, list, count);
    fit(&table, ui_columns());
    for (enum column c = COL_ID; c < COL_COUNT; c++) {
        if (table.width[c] != 0) {
            print_cell(ui, &table, c, columns[c].heading, UI_BOLD);
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (enum column c = COL_ID; c < COL_COUNT; c++) {
            if (table.width[c] != 0) {
                write_cell(cell, &table, list[i], c);
                print_cell(ui, &table, c, cell, c == COL_STATUS ? colour_of(list[i]) : UI_PLAIN);
            }
        }
    }
}
