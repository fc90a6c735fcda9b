/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/drawing.h"

/* Classes: a accent, k a deeper one, s tint, c card, n a line, e an outline in the colour of the
   card around what is inside. The ground is at 132. */

static const char *const things[TG_PAGE_VERTICAL_COUNT] = {
    [TG_PAGE_CAR] =
        "<g class=e><path class=a d=\"M14 114V95q0-9 9-11l17-4q17-24 25-27 7-3 17-3h17q10 0 17 "
        "7l20 "
        "23q15 2 20 6 6 4 6 13v13q0 6-6 6H20q-6 0-6-4z\"/><circle class=k cx=46 cy=116 r=16 />"
        "<circle class=k cx=128 cy=116 r=16 /></g><path class=c d=\"M83 58h-6q-8 0-13 "
        "6L52 80h31zm8 0h7q7 0 12 5l14 17H91z\"/><path class=s d=\"M147 91h14q1 3 1 8h-9q-6 "
        "0-6-8zM14 91h10q3 0 3 4t-3 4H14z\"/><path class=c d=\"M92 89h10v3H92z\"/><path class=k "
        "d=\"M66 108h42v4H66z\"/><g class=c><circle cx=46 cy=116 r=7 /><circle cx=128 cy=116 r=7 "
        "/></g>",
    [TG_PAGE_HOME] =
        "<circle class=s cx=26 cy=88 r=19 /><path class=k d=\"M24 92h4v40h-4z\"/><g class=e><path "
        "class=k d=\"M114 40h14v30h-14z\"/><path class=s d=\"M42 132V78l48-38 48 38v54z\"/><path "
        "class=a d=\"M90 26q4 0 7 2l52 43q4 3 1 7l-3 4q-3 4-7 1L90 43 40 83q-4 "
        "3-7-1l-3-4q-3-4 1-7l52-43q3-2 7-2z\"/></g><path class=a d=\"M78 132V98q0-5 5-5h16q5 0 5 "
        "5v34z\"/><circle class=c cx=98 cy=114 r=2.5 /><path class=c d=\"M52 92h16v16H52zm60 "
        "0h16v16h-16z\"/><path class=s d=\"M59 92h2v16h-2zm60 0h2v16h-2z\"/>",
    [TG_PAGE_HOTEL] =
        "<g class=e><path class=s d=\"M88 132V66h54q5 0 5 5v61z\"/><path class=a d=\"M24 "
        "132V30q0-6 6-6h58q6 0 6 6v102z\"/></g><path class=c d=\"M36 38h11v12H36zm18 "
        "0h11v12H54zm18 0h11v12H72zM36 60h11v12H36zm36 0h11v12H72zM36 82h11v12H36zm18 "
        "0h11v12H54zm54-4h9v10h-9zm16 0h9v10h-9zm-16 20h9v10h-9zm16 0h9v10h-9z\"/><path class=k "
        "d=\"M54 60h11v12H54zM72 82h11v12H72zM44 132v-18h30v18zM59 2l3 6 7 1-5 5 1 7-6-3-6 3 "
        "1-7-5-5 7-1z\"/><path class=c d=\"M39 107h40v7H39z\"/>",
    [TG_PAGE_GENERAL] =
        "<g class=e><rect class=s x=34 y=30 width=122 height=78 rx=12 transform=\"rotate(-8 95 "
        "69)\"/><rect class=a x=24 y=46 width=128 height=82 rx=12 /></g><path class=k d=\"M24 "
        "100h128v16q0 12-12 12H36q-12 0-12-12z\"/><g fill=none stroke-width=8 class=w><circle "
        "cx=62 cy=76 r=14 /><path d=\"M76 76h44m-4 0v12m-16-12v9\"/></g>",
};

/* What the phone shows: around 198,80. */
enum icon { ICON_KEY, ICON_CHECK, ICON_CROSS, ICON_CLOCK, ICON_UNKNOWN, ICON_WARNING, ICON_PAUSE };

static const char *const icons[] = {
    [ICON_KEY] = "<circle cx=198 cy=70 r=8 /><path d=\"M198 78v22m0-3h7m-7-8h5\"/>",
    [ICON_CHECK] = "<path d=\"M186 81l9 9 16-19\"/>",
    [ICON_CROSS] = "<path d=\"M188 70l20 20m0-20l-20 20\"/>",
    [ICON_CLOCK] = "<circle cx=198 cy=80 r=14 /><path d=\"M198 71v9l6 5\"/>",
    [ICON_UNKNOWN] = "<path d=\"M190 74q0-9 8-9t8 8q0 5-8 9v5m0 9v.1\"/>",
    [ICON_WARNING] = "<path d=\"M198 65l15 27h-30zm0 10v7m0 4.5v.1\"/>",
    [ICON_PAUSE] = "<path d=\"M192 69v22m12-22v22\"/>",
};

static const enum icon icon_of[TG_PAGE_STATE_COUNT] = {
    [TG_PAGE_OPEN] = ICON_KEY,
    [TG_PAGE_OPENED] = ICON_CHECK,
    [TG_PAGE_ENDED_BY_SENDER] = ICON_CROSS,
    [TG_PAGE_ENDED_BY_RECIPIENT] = ICON_CHECK,
    [TG_PAGE_EXPIRED] = ICON_CLOCK,
    [TG_PAGE_UNKNOWN] = ICON_UNKNOWN,
    [TG_PAGE_DAMAGED] = ICON_WARNING,
    [TG_PAGE_TOO_MANY] = ICON_PAUSE,
    [TG_PAGE_DOWN] = ICON_PAUSE,
    [TG_PAGE_DRAINING] = ICON_PAUSE,
    [TG_PAGE_FRONT] = ICON_KEY,
    [TG_PAGE_NOT_FOUND] = ICON_UNKNOWN,
    [TG_PAGE_BAD_REQUEST] = ICON_WARNING,
};

void tg_page_put_drawing(struct tg_buf *out, enum tg_page_vertical vertical,
                         enum tg_page_state state)
{
    bool is_on_its_way = state == TG_PAGE_OPEN || state == TG_PAGE_FRONT;

    tg_buf_append_str(out, "<div class=\"d\"><svg viewBox=\"0 0 240 150\" aria-hidden=\"true\">"
                           "<path class=g d=\"M4 132h232\"/>");
    tg_buf_append_str(out, things[vertical]);
    if (is_on_its_way) {
        tg_buf_append_str(out, "<path class=\"n r\" stroke-width=4 d=\"M118 32q32-28 62-10\"/>");
    }
    tg_buf_append_str(
        out, "<g class=e><rect class=k x=166 y=26 width=64 height=112 rx=14 /></g><rect "
             "class=c x=171 y=31 width=54 height=102 rx=9 /><path class=s d=\"M178 "
             "110h40v5h-40zm0 10h26v5h-26zM189 36h18v4h-18z\"/><g class=n stroke-width=5>");
    tg_buf_append_str(out, icons[icon_of[state]]);
    tg_buf_append_str(out, "</g></svg></div>\n");
}
