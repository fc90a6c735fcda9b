/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/asker.h"

void tg_asker_take(struct tg_asker *asker, struct tg_bytes name, struct tg_bytes value)
{
    const struct tg_bytes none = { NULL, 0 };

    tg_request_id_take(&asker->id, name, value);
    if (tg_bytes_is_equal_nocase(name, TG_LIT("accept"))) {
        tg_accept_take(&asker->accept, value);
    } else if (!asker->has_language && tg_bytes_is_equal_nocase(name, TG_LIT("accept-language"))) {
        asker->reader.language = tg_page_reader_of(value, none).language;
        asker->has_language = true;
    } else if (!asker->has_device && tg_bytes_is_equal_nocase(name, TG_LIT("user-agent"))) {
        asker->reader.device = tg_page_reader_of(none, value).device;
        asker->has_device = true;
    }
}
