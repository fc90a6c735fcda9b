/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abuse - one attacker, or one honest client, against a relay on this machine. It prints one line
 * of JSON. bench/abuse/run starts it.
 *
 *   abuse list
 *   abuse attack NAME 1|2 SERVER:PORT FROM/BITS CONNECTIONS OPENING SECONDS SIZE
 *   abuse honest SERVER:PORT FROM/BITS SECONDS
 *
 * The attacker opens CONNECTIONS connections, each from a random address of the network FROM/BITS,
 * keeps that number open, and follows the attack. It says when it is under way: when it has tried
 * to open all, or after OPENING seconds. Then it goes on for SECONDS, or until SIGTERM. The honest
 * client makes a few requests a second and measures how long each takes.
 */
#include "attacks.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONNECTIONS_MAX 60000
#define OPENS_PER_ROUND 64
#define STEPS_PER_ROUND 16
#define SAMPLES_MAX 100000
#define HONEST_LIMIT_S 5
#define QUEUED_MAX 60000u
#define KEPT_ROUNDS 400u /* after 1000 requests the relay ends a connection in order */
#define PAUSE_MIN_US 1000u
#define PAUSE_MAX_US 6000u

static SSL_CTX *make_tls(void)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

    if (tls == NULL) {
        exit(1);
    }
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL); /* only the server's behaviour is measured */
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    return tls;
}

/* ---- the attacker ---- */

struct tally {
    uint64_t opened, not_opened, ended, steps;
};

static bool is_full(const struct peer *p)
{
    return p->out_len - p->out_at > QUEUED_MAX;
}

static volatile sig_atomic_t is_over;

static void on_term(int number)
{
    (void)number;
    is_over = 1;
}

enum ending { GOES_ON, ENDED_BY_US, ENDED_BY_SERVER };

/* One connection for one round. */
static enum ending advance(struct peer *p, const struct attack *a, size_t size, bool may_hold,
                           struct tally *tally)
{
    int steps = a->pace == PACE_FLOOD ? STEPS_PER_ROUND : may_hold ? 1 : 0;

    for (int i = 0; i < steps && a->step != NULL && !is_full(p); i++) {
        bool is_kept = a->step(p, size);

        p->step_count++;
        tally->steps++;
        if (!peer_flush(p)) {
            return ENDED_BY_SERVER;
        }
        if (!is_kept) {
            return ENDED_BY_US;
        }
    }
    if (strcmp(a->name, "no-reading") != 0) {
        for (int i = 0; i < 4; i++) {
            long got = peer_read(p, NULL, 0);

            if (got < 0) {
                return ENDED_BY_SERVER;
            }
            if (got == 0) {
                break;
            }
        }
    }
    return peer_flush(p) ? GOES_ON : ENDED_BY_SERVER;
}

static int attack(const struct attack *a, struct target *t, long count, double opening_s,
                  double seconds, size_t size)
{
    struct peer *peers = calloc((size_t)count, sizeof(*peers));
    struct tally tally = { 0 };
    double open_until_s = now_s() + opening_s;
    double until_s = open_until_s + seconds;
    double hold_at_s = 0;
    long open_count = 0;
    bool is_under_way = false;

    for (long i = 0; i < count; i++) {
        peers[i].fd = -1;
    }
    while (now_s() < until_s && is_over == 0) {
        int opens = OPENS_PER_ROUND;
        bool may_hold = now_s() >= hold_at_s;

        hold_at_s = may_hold ? now_s() + 1 : hold_at_s;
        for (long i = 0; i < count && now_s() < until_s && is_over == 0; i++) {
            struct peer *p = &peers[i];

            if (p->fd < 0 && opens > 0) {
                opens--;
                if (!peer_open(p, t, a->is_tls, a->version == HTTP_2 ? "h2" : "http/1.1", 1)) {
                    tally.not_opened++;
                    continue;
                }
                tally.opened++;
                open_count++;
                if (a->begin != NULL) {
                    a->begin(p, size);
                }
            }
            if (p->fd >= 0) {
                enum ending ending = advance(p, a, size, may_hold, &tally);

                if (ending != GOES_ON) {
                    peer_close(p);
                    tally.ended += ending == ENDED_BY_SERVER ? 1 : 0;
                    open_count--;
                }
            }
        }
        if (!is_under_way &&
            (tally.opened + tally.not_opened >= (uint64_t)count || now_s() >= open_until_s)) {
            is_under_way = true;
            until_s = now_s() + seconds;
            printf("under way\n");
            fflush(stdout);
        }
        if (a->pace == PACE_HOLD && open_count == count) {
            usleep(50000);
        }
    }
    printf("{\"opened\": %llu, \"not_opened\": %llu, \"ended\": %llu, \"steps\": %llu, "
           "\"open\": %ld}\n",
           (unsigned long long)tally.opened, (unsigned long long)tally.not_opened,
           (unsigned long long)tally.ended, (unsigned long long)tally.steps, open_count);
    return 0;
}

/* ---- the honest client ---- */

struct series {
    const char *name;
    double *samples_s;
    size_t count;
    size_t failed;
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_series(struct series *s, bool is_last)
{
    size_t n = s->count;

    qsort(s->samples_s, n, sizeof(*s->samples_s), compare);
    printf("\"%s\": {\"count\": %zu, \"failed\": %zu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
           "\"max_ms\": %.3f}%s",
           s->name, n, s->failed, n > 0 ? 1000 * s->samples_s[n / 2] : 0,
           n > 0 ? 1000 * s->samples_s[n * 99 / 100 < n ? n * 99 / 100 : n - 1] : 0,
           n > 0 ? 1000 * s->samples_s[n - 1] : 0, is_last ? "" : ", ");
}

static void note(struct series *s, double from_s, bool is_ok)
{
    if (!is_ok) {
        s->failed++;
    } else if (s->count < SAMPLES_MAX) {
        s->samples_s[s->count++] = now_s() - from_s;
    }
}

static bool ask(struct peer *p, const char *request, unsigned expected)
{
    if (p->fd < 0) {
        return false;
    }
    peer_put(p, request, strlen(request));
    return peer_flush(p) && peer_answer(p, HONEST_LIMIT_S) == expected;
}

static void make_create(char out[1024])
{
    unsigned long long r[4];
    char claim[64];

    (void)getrandom(r, sizeof(r), 0);
    snprintf(claim, sizeof(claim), "%08llx-%04llx-4%03llx-a%03llx-%012llx", r[0] & 0xffffffff,
             r[1] & 0xffff, r[1] >> 16 & 0xfff, r[2] & 0xfff, r[3] & 0xffffffffffff);
    snprintf(
        out, 1024,
        "POST /v1/m HTTP/1.1\r\nHost: relay.example\r\nMailbox-Request-ID: %s\r\n"
        "Mailbox-Device-Claim: %s\r\nContent-Type: application/json\r\n"
        "Content-Length: 172\r\n\r\n"
        "{\"payload\":{\"type\":\"AEAD_AES_128_GCM\",\"data\":\"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
        "QUFB\"},\"displayInformation\":{\"title\":\"Hotel\",\"description\":\"Room\","
        "\"imageURL\":\"https://x.example\"}}",
        claim, claim);
    /* The length is that of the text above. */
    char *body = strstr(out, "\r\n\r\n") + 4;
    char *length = strstr(out, "Content-Length: ") + strlen("Content-Length: ");
    unsigned len = (unsigned)strlen(body);

    for (int i = 2; i >= 0; i--) {
        length[i] = (char)('0' + len % 10);
        len /= 10;
    }
}

/* At no fixed rhythm, so that the samples fall anywhere between the relay's ticks. */
static void pause_between(void)
{
    uint16_t noise = 0;

    (void)getrandom(&noise, sizeof(noise), 0);
    usleep(PAUSE_MIN_US + noise % (PAUSE_MAX_US - PAUSE_MIN_US));
}

static int honest(struct target *t, double seconds)
{
    static const char get[] =
        "GET /v1/m/2bba630e-519b-41ec-bf63-0242ac130002 HTTP/1.1\r\nHost: relay.example\r\n\r\n";
    static double memory[3][SAMPLES_MAX];
    struct series series[] = { { .name = "handshake", .samples_s = memory[0] },
                               { .name = "request", .samples_s = memory[1] },
                               { .name = "create", .samples_s = memory[2] } };
    struct peer fresh = { .fd = -1 };
    struct peer kept = { .fd = -1 };
    double until_s = now_s() + seconds;
    char create[1024];

    for (unsigned round = 1; now_s() < until_s; round++) {
        double from_s = 0;

        if (round % KEPT_ROUNDS == 0) {
            peer_close(&kept);
        }
        from_s = now_s();

        note(&series[0], from_s,
             peer_open(&fresh, t, true, "http/1.1", HONEST_LIMIT_S) && ask(&fresh, get, 404));
        peer_close(&fresh);
        if (kept.fd < 0) {
            (void)peer_open(&kept, t, true, "http/1.1", HONEST_LIMIT_S);
        }
        from_s = now_s();
        note(&series[1], from_s, ask(&kept, get, 404));
        make_create(create);
        from_s = now_s();
        if (kept.fd >= 0) {
            bool is_ok = ask(&kept, create, 200);

            note(&series[2], from_s, is_ok);
            if (!is_ok) {
                peer_close(&kept);
            }
        }
        pause_between();
    }
    printf("{");
    for (size_t i = 0; i < 3; i++) {
        print_series(&series[i], i == 2);
    }
    printf("}\n");
    return 0;
}

/* ---- */

static const struct attack *find(const char *name, const char *version)
{
    for (size_t i = 0; i < attack_count; i++) {
        if (strcmp(attacks[i].name, name) == 0 &&
            attacks[i].version == (version[0] == '2' ? HTTP_2 : HTTP_1)) {
            return &attacks[i];
        }
    }
    return NULL;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: abuse list\n"
            "       abuse attack NAME 1|2 SERVER:PORT FROM/BITS CONNECTIONS OPENING SECONDS SIZE\n"
            "       abuse honest SERVER:PORT FROM/BITS SECONDS\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct rlimit files;
    struct target t = { .tls = make_tls() };
    const struct attack *a = NULL;
    long count = 0;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, on_term); /* the attack ends, and is reported */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (size_t i = 0; i < attack_count; i++) {
            printf("%s %d\n", attacks[i].name, attacks[i].version == HTTP_2 ? 2 : 1);
        }
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "honest") == 0 && target_set(&t, argv[2], argv[3])) {
        return honest(&t, atof(argv[4]));
    }
    if (argc != 10 || strcmp(argv[1], "attack") != 0 || !target_set(&t, argv[4], argv[5])) {
        return usage();
    }
    a = find(argv[2], argv[3]);
    count = atol(argv[6]);
    if (a == NULL || count < 1 || count > CONNECTIONS_MAX) {
        return usage();
    }
    if (a->groups != NULL) {
        char groups[64]; /* OpenSSL's macro takes no constant text */

        (void)snprintf(groups, sizeof(groups), "%s", a->groups);
        if (SSL_CTX_set1_groups_list(t.tls, groups) != 1) {
            return 1;
        }
    }
    return attack(a, &t, count, atof(argv[7]), atof(argv[8]), (size_t)atol(argv[9]));
}
