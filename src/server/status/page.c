/* SPDX-License-Identifier: Apache-2.0 */
#include "server/status/page.h"

#include "server/status/load.h"
#include "server/status/style.h"
#include "server/status/units.h"

#define CERT_WARNING_S (14 * 86400)
#define SWEEP_WARNING_S 60u
#define WARNING_PERCENT 80u
#define FULL_PERCENT 95u

/* ---- parts ---------------------------------------------------------------------------------- */

static void put(struct tg_buf *out, const char *text)
{
    tg_buf_append_str(out, text);
}

static void begin_table(struct tg_buf *out, const char *title, const char *columns)
{
    put(out, "<section class=\"card\"><h2>");
    put(out, title);
    put(out, "</h2><table><thead><tr>");
    put(out, columns);
    put(out, "</tr></thead><tbody>");
}

static void end_table(struct tg_buf *out)
{
    put(out, "</tbody></table></section>\n");
}

static void begin_row(struct tg_buf *out, const char *name)
{
    put(out, "<tr><th scope=\"row\">");
    put(out, name);
    put(out, "</th>");
}

static void put_cell(struct tg_buf *out, uint64_t v)
{
    put(out, "<td>");
    tg_put_count(out, v);
    put(out, "</td>");
}

/* ---- the head ------------------------------------------------------------------------------- */

static void put_head(struct tg_buf *out, const struct tg_status *s)
{
    const char *class = "bad";
    const char *state = "A worker does not respond";

    if (s->is_draining) {
        class = "warn";
        state = "Draining";
    } else if (s->is_alive && !s->now->is_store_ready) {
        state = "The store failed";
    } else if (s->is_alive) {
        class = "good";
        state = "Serving";
    }
    put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<meta http-equiv=\"refresh\" content=\"60\">\n<title>");
    put(out, s->public_url);
    put(out, "</title>\n<style>");
    tg_buf_append(out, tg_status_style());
    put(out, "</style>\n</head>\n<body>\n<main>\n<header><h1>");
    put(out, s->public_url);
    put(out, "</h1><p class=\"state ");
    put(out, class);
    put(out, "\">\xe2\x97\x8f ");
    put(out, state);
    put(out, "</p><p class=\"dim\">tigressd ");
    put(out, s->version);
    put(out, " \xc2\xb7 up ");
    tg_put_span(out, s->now_s > s->now->start_s ? (uint64_t)(s->now_s - s->now->start_s) : 0);
    put(out, " \xc2\xb7 ");
    tg_put_count(out, s->worker_count);
    put(out, s->worker_count == 1 ? " worker \xc2\xb7 " : " workers \xc2\xb7 ");
    tg_put_utc(out, s->now_s);
    put(out, ", reloads each minute</p></header>\n");
}

/* ---- state ---------------------------------------------------------------------------------- */

static void put_fact(struct tg_buf *out, const char *name, const char *class, const char *text)
{
    begin_row(out, name);
    put(out, "<td class=\"");
    put(out, class);
    put(out, "\">");
    put(out, text);
}

static void end_fact(struct tg_buf *out)
{
    put(out, "</td></tr>");
}

/* The sentence of a trouble consists of literals. */
static void put_database(struct tg_buf *out, const struct tg_store_database *db)
{
    bool is_usable = db->trouble.text[0] == '\0';
    bool is_whole = db->up_count >= db->wanted_count && db->is_synchronous;

    put_fact(out, "Database",
             !is_usable ? "bad"
             : is_whole ? "good"
                        : "warn",
             is_usable ? "answers" : db->trouble.text);
    put(out, "; ");
    tg_put_count(out, db->up_count);
    put(out, " of ");
    tg_put_count(out, db->wanted_count);
    put(out, db->is_synchronous ? " connections; a synchronous standby is named"
                                : " connections; no synchronous standby is named");
    end_fact(out);
}

static void put_store(struct tg_buf *out, const struct tg_status *s)
{
    static const struct {
        const char *class, *text;
    } rooms[] = {
        [TG_STORE_ROOM_ANY] = { "", "" },
        [TG_STORE_ROOM_DISK_LOW] = { "warn", "disk nearly full: no new mailboxes" },
        [TG_STORE_ROOM_DISK_FULL] = { "bad", "disk full: mailboxes can be read and deleted" },
        [TG_STORE_ROOM_MAP_FULL] = { "bad", "address space full" },
    };
    const struct tg_store_stats *store = &s->now->store;

    put_fact(out, "Store", s->now->is_store_ready ? "good" : "bad",
             s->now->is_store_ready ? "ready" : "the last probe failed");
    put(out, " (");
    put(out, s->store);
    put(out, ")");
    end_fact(out);
    if (s->now->has_database) {
        put_database(out, &s->now->database);
    }
    if (store->disk_used > 0) {
        put_fact(out, "Disk", rooms[store->room].class, rooms[store->room].text);
        put(out, store->room != TG_STORE_ROOM_ANY ? "; " : "");
        tg_put_bytes(out, store->disk_used);
        put(out, " used, ");
        tg_put_bytes(out, store->disk_free);
        put(out, " free");
        end_fact(out);
    }
    put_fact(out, "Sweep", s->now->sweep_behind_s > SWEEP_WARNING_S ? "warn" : "", "behind by ");
    tg_put_count(out, s->now->sweep_behind_s);
    put(out, " s");
    end_fact(out);
}

static void put_certificate(struct tg_buf *out, const struct tg_status *s)
{
    int64_t left_s = s->now->cert_not_after_s - s->now_s;

    if (s->now->cert_not_after_s == 0) {
        put_fact(out, "Certificate", "", "none: plain HTTP");
    } else if (left_s <= 0) {
        put_fact(out, "Certificate", "bad", "expired ");
        tg_put_utc(out, s->now->cert_not_after_s);
    } else {
        put_fact(out, "Certificate", left_s < CERT_WARNING_S ? "warn" : "", "valid for ");
        tg_put_span(out, (uint64_t)left_s);
        put(out, ", until ");
        tg_put_utc(out, s->now->cert_not_after_s);
    }
    end_fact(out);
}

static void put_clock(struct tg_buf *out, const struct tg_metrics_now *now)
{
    uint64_t off_s = now->clock_difference_s < 0 ? 0 - (uint64_t)now->clock_difference_s
                                                 : (uint64_t)now->clock_difference_s;

    put_fact(out, "Clock", off_s > 0 ? "warn" : "", off_s > 0 ? "differs by " : "agrees");
    if (off_s > 0) {
        tg_put_count(out, off_s);
        put(out, " s from the time of decisions");
    }
    put(out, "; leaps: ");
    tg_put_count(out, now->clock_ahead_count);
    put(out, " ahead, ");
    tg_put_count(out, now->clock_back_count);
    put(out, " back");
    end_fact(out);
}

static void put_state(struct tg_buf *out, const struct tg_status *s)
{
    put(out, "<section class=\"card facts\"><h2>State</h2><table><tbody>");
    put_store(out, s);
    put_certificate(out, s);
    put_clock(out, s->now);
    put_fact(out, "Workers", s->is_alive ? "good" : "bad",
             s->is_alive ? "all respond" : "one does not respond");
    end_fact(out);
    if (s->now->has_push) {
        put_fact(out, "Push process", s->now->is_push_up ? "good" : "bad",
                 s->now->is_push_up ? "accepts jobs" : "does not accept jobs");
        put(out, "; in the outbox: ");
        tg_put_count(out, s->now->store.outbox_count);
        end_fact(out);
    } else {
        put_fact(out, "Push", "", "no provider is configured");
        end_fact(out);
    }
    end_table(out);
}

/* ---- tables --------------------------------------------------------------------------------- */

static void put_bar(struct tg_buf *out, uint64_t percent)
{
    put(out, "<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" "
             "aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"6\"/><rect "
             "class=\"fill");
    put(out, percent >= FULL_PERCENT ? " bad" : percent >= WARNING_PERCENT ? " warn" : "");
    put(out, "\" height=\"6\" width=\"");
    tg_buf_append_dec(out, percent < 100 ? percent : 100);
    put(out, "\"/></svg>");
}

/* A bar below each name: the numbers of a table of four columns would not fit a narrow card. */
static void put_limits(struct tg_buf *out, const struct tg_status *s)
{
    put(out, "<section class=\"card\"><h2>Limits</h2><ul class=\"limits\">");
    for (size_t i = 0; i < s->limit_count; i++) {
        const struct tg_status_limit *limit = &s->limits[i];
        void (*put_value)(struct tg_buf *, uint64_t) =
            limit->unit == TG_STATUS_BYTES ? tg_put_bytes : tg_put_count;

        put(out, "<li><span>");
        put(out, limit->name);
        put(out, "</span> <span>");
        put_value(out, limit->used);
        if (limit->max > 0) {
            put(out, " <span class=\"dim\">of ");
            put_value(out, limit->max);
            put(out, "</span></span>");
            put_bar(out, (uint64_t)((double)limit->used / (double)limit->max * 100));
        } else {
            put(out, " <span class=\"dim\">without a limit</span></span>");
        }
        put(out, "</li>");
    }
    put(out, "</ul></section>\n");
}

static void put_calls(struct tg_buf *out, const struct tg_metrics_totals *total)
{
    begin_table(out, "Answers since the start",
                "<th scope=\"col\">call</th><th scope=\"col\">2xx</th><th scope=\"col\">4xx</th>"
                "<th scope=\"col\">5xx</th>");
    for (size_t call = 0; call < TG_METRICS_CALLS; call++) {
        begin_row(out, tg_metrics_call_name(call));
        for (size_t class = 1; class < TG_METRICS_CLASSES; class ++) {
            if (class !=
                2) { /* the relay redirects nobody: 304 of a file is counted as a success */
                put_cell(out, total->requests[call][class] +
                                  (class == 1 ? total->requests[call][2] : 0));
            }
        }
        put(out, "</tr>");
    }
    end_table(out);
}

static void put_refusals(struct tg_buf *out, const struct tg_metrics *m)
{
    bool is_any = false;

    begin_table(out, "Refusals since the start",
                "<th scope=\"col\">reason</th><th scope=\"col\">count</th>");
    for (enum tg_counter c = TG_COUNTER_REFUSED_CONNECTIONS; c < TG_COUNTER_COUNT; c++) {
        uint64_t sum = tg_metrics_counter_sum(m, c);

        if (sum > 0) {
            begin_row(out, tg_metrics_refusal_name(c));
            put_cell(out, sum);
            put(out, "</tr>");
            is_any = true;
        }
    }
    if (!is_any) {
        put(out, "<tr><td class=\"dim\" colspan=\"2\">none</td></tr>");
    }
    end_table(out);
}

static void put_pushes(struct tg_buf *out, const struct tg_status *s,
                       const struct tg_metrics_totals *total)
{
    begin_table(out, "Pushes since the start",
                "<th scope=\"col\">provider</th><th scope=\"col\">taken</th><th scope=\"col\">"
                "dropped</th><th scope=\"col\">retried</th><th scope=\"col\">given up</th>");
    for (enum tg_push_id id = 0; id < TG_PUSH_COUNT; id++) {
        if (!s->is_push_on[id]) {
            continue;
        }
        begin_row(out, tg_push_name(id));
        for (size_t result = 0; result < TG_PUSH_RESULT_COUNT; result++) {
            put_cell(out, total->pushes[id][result]);
        }
        put(out, "</tr>");
    }
    end_table(out);
}

void tg_status_write(struct tg_buf *out, const struct tg_status *s)
{
    struct tg_metrics_totals total;

    tg_metrics_total(&total, s->metrics);
    put_head(out, s);
    tg_status_put_tiles(out, s);
    tg_status_put_charts(out, s);
    put(out, "<div class=\"grid cols\">\n");
    put_state(out, s);
    put_limits(out, s);
    put_calls(out, &total);
    put_refusals(out, s->metrics);
    if (s->now->has_push) {
        put_pushes(out, s, &total);
    }
    put(out, "</div>\n</main>\n</body>\n</html>\n");
}
