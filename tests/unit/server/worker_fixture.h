/* SPDX-License-Identifier: Apache-2.0 */
/* Two workers with the real relay core and the memory store, on loopback sockets. */
#ifndef TESTS_UNIT_SERVER_WORKER_FIXTURE_H
#define TESTS_UNIT_SERVER_WORKER_FIXTURE_H

#include "support/c/unit.h"

#include "server/worker.h"

#define WORKERS 2u
#define CLAIM_A "0d4ddbb4-fd23-4a2c-a9ef-2d4b8a3b1f01"
#define CLAIM_B "1d4ddbb4-fd23-4a2c-a9ef-2d4b8a3b1f02"

struct fixture {
    struct tg_config *config;
    struct tg_keyring keyring;
    struct tg_clock clock;
    struct tg_shared shared;
    struct tg_ledger_settings limits;
    struct tg_tls_tickets *tickets;
    pthread_t threads[WORKERS];
    uint16_t port;
    uint16_t admin_port;
    bool is_joined;      /* the threads have ended */
    bool has_no_reserve; /* the listeners have no spare descriptor */
    char dir[64];
    char reply[8192];
};

struct fixture *fixture_new(void);
void use_tls(struct fixture *f);
/* Starts the workers, with the settings as they are in the fixture. */
void start(struct fixture *f);
void order_drain(struct fixture *f);
/* Drains and ends the workers. */
void fixture_free(struct fixture *f);
int dial(uint16_t port);
void say(int fd, const char *text);
/* One whole answer; "" if the connection ended first. */
const char *hear(struct fixture *f, int fd);
bool is_status(const char *reply, unsigned status);
/* Waits for the end. A byte is not one. */
bool is_closed(int fd);
void sleep_ms(long ms);
/* Waits until the gauge has this value. */
void await_gauge(struct fixture *f, enum tg_gauge gauge, int64_t value);
void request(int fd, const char *method, const char *path, const char *claim, const char *id,
             const char *extra, const char *body);
/* Creates a mailbox of claim A; path is its resource. */
void create(struct fixture *f, int fd, char path[64]);
void connect_to(int fd, uint16_t port);
int unconnected(void);
/* From another address of the loopback network. */
int dial_from(const char *address, uint16_t port);
uint64_t counted(struct fixture *f, enum tg_counter counter);
/* io_uring of a loop that this thread made may interrupt a recv() with a time limit. */
ssize_t recv_again(int fd, void *data, size_t len);

#endif
