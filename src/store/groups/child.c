/* SPDX-License-Identifier: Apache-2.0 */
#include "store/groups/groups.h"

struct tg_store_port *tg_groups_child(struct tg_groups_port *port, size_t group, uint16_t share)
{
    struct tg_store_port *child = port->ports[group];

    if (child->store->ops->share != NULL) {
        child->store->ops->share(child, share);
    }
    return child;
}

void tg_groups_complete(struct tg_store_op *op, enum tg_err err)
{
    struct tg_store_oplist list = { NULL, NULL };

    op->err = err;
    tg_store_oplist_append(&list, op);
    tg_store_port_complete(op->port, &list);
}
