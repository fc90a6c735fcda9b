/* SPDX-License-Identifier: Apache-2.0 */
#include "server/net/conn_state.h"

#include "server/net/clock.h"

static void set_deadline(struct tg_conn *c, uint32_t in_ms)
{
    struct tg_env *env = c->conns->env;

    tg_deadline_set(&env->wheel, &c->deadline, env->now_mono_ms + in_ms);
}

/* spec: protocol/3#deadlines */
void tg_conn_wait(struct tg_conn *c, enum tg_conn_wait wait)
{
    const struct tg_server_settings *s = c->conns->env->settings;

    c->wait = wait;
    switch (wait) {
    case TG_CONN_WAIT_HANDSHAKE:
        set_deadline(c, s->handshake_ms);
        return;
    case TG_CONN_WAIT_READER:
        tg_deadline_set(&c->conns->env->wheel, &c->deadline, tg_taking_until(&c->taking, s));
        return;
    case TG_CONN_WAIT_LINGER:
        set_deadline(c, s->linger_ms);
        return;
    case TG_CONN_WAIT_ENGINE:
    case TG_CONN_WAIT_NOTHING:
        break;
    }
    tg_deadline_clear(&c->deadline);
}

bool tg_conn_is_open(const struct tg_conn *c)
{
    return c->wait == TG_CONN_WAIT_ENGINE || c->wait == TG_CONN_WAIT_READER;
}

void tg_conn_kick(struct tg_conn *c)
{
    if (!tg_link_is_linked(&c->turn) && c->wait != TG_CONN_WAIT_NOTHING) {
        tg_turns_put(&c->conns->turns, c->turn_key, &c->turn);
    }
}

bool tg_conn_is_turn_over(const struct tg_conn *c)
{
    return tg_clock_us() >= c->conns->turn_until_us;
}

void tg_conn_break(struct tg_conn *c)
{
    c->ended = TG_CONN_BROKEN;
    tg_conn_kick(c);
}
