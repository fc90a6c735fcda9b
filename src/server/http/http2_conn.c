/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/http2_conn.h"

void tg_http2_set_deadline(struct tg_http2 *c)
{
    const struct tg_server_settings *s = c->env->settings;
    uint64_t until_mono_ms = c->progress_mono_ms + s->idle_ms;

    if (c->proto.is_finished) {
        return;
    }
    if (c->sending_count > 0) {
        until_mono_ms = tg_taking_until(&c->taking, s);
    } else if (c->stream_count > 0) {
        tg_deadline_clear(&c->deadline); /* each stream has its own deadline */
        return;
    }
    tg_deadline_set(&c->env->wheel, &c->deadline, until_mono_ms);
}

void tg_http2_taken(struct tg_http2 *c, size_t bytes)
{
    c->unsent -= bytes;
    c->taken_total += bytes;
    tg_taking_add(&c->taking, bytes, c->unsent, c->env->now_mono_ms);
}

/* spec: protocol/3#slow-takers */
bool tg_http2_is_stalled(struct tg_http2 *c)
{
    if (nghttp2_session_get_remote_window_size(c->session) <= 0 || c->io->unsent > 0) {
        return true;
    }
    tg_taking_begin(&c->taking, c->unsent, c->env->now_mono_ms);
    tg_http2_set_deadline(c);
    return false;
}

void tg_http2_progress(struct tg_http2 *c)
{
    c->progress_mono_ms = c->env->now_mono_ms;
    tg_http2_set_deadline(c);
}

/* spec: protocol/3#http2-floods */
void tg_http2_count_end(struct tg_http2 *c, uint32_t code)
{
    if (!c->is_counted && code != NGHTTP2_NO_ERROR) {
        c->is_counted = true;
        tg_metrics_count(c->env->metrics,
                         code == NGHTTP2_ENHANCE_YOUR_CALM ? TG_COUNTER_REFUSED_FLOOD
                         : code == NGHTTP2_INTERNAL_ERROR  ? TG_COUNTER_REFUSED_MEMORY
                                                           : TG_COUNTER_REFUSED_SYNTAX);
    }
}

void tg_http2_go_away(struct tg_http2 *c)
{
    if (c->goaway == TG_HTTP2_GOAWAY_NONE) {
        c->goaway = TG_HTTP2_GOAWAY_NOTICE;
        (void)nghttp2_submit_shutdown_notice(c->session);
        tg_deadline_set(&c->env->wheel, &c->goaway_deadline,
                        c->env->now_mono_ms + c->env->settings->drain_idle_ms);
    }
}
