/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server/http/list.h - an intrusive list: an item can be removed without its list.
 * Layer: L4.      Threads: one at a time.      Blocks: no.
 */
#ifndef TG_SERVER_HTTP_LIST_H
#define TG_SERVER_HTTP_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct tg_link {
    struct tg_link *prev; /* NULL: in no list (a zeroed link is in no list) */
    struct tg_link *next;
};

/* The struct that holds member, from the member's address. */
#define TG_CONTAINER(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void tg_list_init(struct tg_link *head)
{
    head->prev = head;
    head->next = head;
}

static inline bool tg_list_is_empty(const struct tg_link *head)
{
    return head->next == head;
}

static inline bool tg_link_is_linked(const struct tg_link *link)
{
    return link->next != NULL;
}

static inline void tg_list_append(struct tg_link *head, struct tg_link *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* Does nothing when link is in no list. */
static inline void tg_link_remove(struct tg_link *link)
{
    if (link->next != NULL) {
        link->prev->next = link->next;
        link->next->prev = link->prev;
        link->prev = NULL;
        link->next = NULL;
    }
}

/* Removes and returns the first item. NULL: the list is empty. */
static inline struct tg_link *tg_list_shift(struct tg_link *head)
{
    struct tg_link *first = head->next;

    if (first == head) {
        return NULL;
    }
    tg_link_remove(first);
    return first;
}

/* Moves all items of from to the end of to. */
static inline void tg_list_splice(struct tg_link *to, struct tg_link *from)
{
    if (tg_list_is_empty(from)) {
        return;
    }
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    tg_list_init(from);
}

#endif
