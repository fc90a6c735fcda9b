/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/keys/pair_chain.h - whether clients can follow the chain of a certificate; private to
 * pair.c.
 * Layer: L4.      Threads: any.      Blocks: reads the system's roots.      Secrets: none.
 */
#ifndef TG_SERVER_KEYS_PAIR_CHAIN_H
#define TG_SERVER_KEYS_PAIR_CHAIN_H

#include <openssl/x509.h>
#include <stdint.h>

enum tg_pair_chain {
    TG_CHAIN_GOOD,
    TG_CHAIN_OUT_OF_ORDER,
    TG_CHAIN_INCOMPLETE, /* a certificate alone, whose issuer is no root of this system */
    TG_CHAIN_EXPIRED     /* a certificate after the first one is not valid now */
};

/* issuers: what follows cert in its file. A root need not be there. */
enum tg_pair_chain tg_pair_chain_check(X509 *cert, STACK_OF(X509) * issuers, int64_t now_s);

#endif
