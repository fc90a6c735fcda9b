/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/settings/config_address.h - settings that name a place in the network: URLs, origins,
 * addresses to bind, lists of networks and of hosts.
 * Layer: L4; for config_values.c alone.      Threads: any.      Blocks: no.      Secrets: none.
 */
#ifndef TG_SERVER_SETTINGS_CONFIG_ADDRESS_H
#define TG_SERVER_SETTINGS_CONFIG_ADDRESS_H

#include "server/settings/config_schema.h"

/* As tg_setting_parse and tg_setting_print, for one type. */
TG_NODISCARD enum tg_err tg_setting_parse_url(struct tg_config *config,
                                              const struct tg_setting *setting,
                                              struct tg_bytes text, struct tg_fault *fault);

TG_NODISCARD enum tg_err tg_setting_parse_origin(struct tg_config *config,
                                                 const struct tg_setting *setting,
                                                 struct tg_bytes text, struct tg_fault *fault);
void tg_setting_print_origin(struct tg_buf *out, const struct tg_config *config,
                             const struct tg_setting *setting);

TG_NODISCARD enum tg_err tg_setting_parse_endpoint(struct tg_config *config,
                                                   const struct tg_setting *setting,
                                                   struct tg_bytes text, struct tg_fault *fault);
void tg_setting_print_endpoint(struct tg_buf *out, const struct tg_config *config,
                               const struct tg_setting *setting);

TG_NODISCARD enum tg_err tg_setting_parse_networks(struct tg_config *config,
                                                   const struct tg_setting *setting,
                                                   struct tg_bytes text, struct tg_fault *fault);
void tg_setting_print_networks(struct tg_buf *out, const struct tg_config *config,
                               const struct tg_setting *setting);

TG_NODISCARD enum tg_err tg_setting_parse_hosts(struct tg_config *config,
                                                const struct tg_setting *setting,
                                                struct tg_bytes text, struct tg_fault *fault);
void tg_setting_print_hosts(struct tg_buf *out, const struct tg_config *config,
                            const struct tg_setting *setting);

#endif
