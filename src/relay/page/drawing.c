/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/page/drawing.h"

/* Classes: a accent, s tint, c card, n a line. */

static const char *const things[TG_PAGE_VERTICAL_COUNT] = {
    [TG_PAGE_CAR] =
        "<path class=a d=\"M10 101V83q0-9 9-11l16-4 18-23q5-6 13-6h29q8 0 13 6l17 22 9 2q8 2 8 "
        "11v21q0 5-5 5H15q-5 0-5-5z\"/><path class=c d=\"M47 67l12-15q3-4 8-4h9v19zM83 "
        "48h11q6 0 9 4l11 15H83z\"/><path class=s d=\"M124 79h18v7h-13q-5 0-5-5zM10 79h13v7H10z\"/>"
        "<g class=c><circle cx=40 cy=105 r=17 /><circle cx=113 cy=105 r=17 /></g><g class=a>"
        "<circle cx=40 cy=105 r=13 /><circle cx=113 cy=105 r=13 /></g><g class=c><circle cx=40 "
        "cy=105 r=5 /><circle cx=113 cy=105 r=5 /></g>",
    [TG_PAGE_HOME] =
        "<path class=s d=\"M27 118V62l46-37 46 37v56z\"/><path class=a d=\"M99 "
        "24h14v25L99 38z\"/><path class=n stroke-width=10 d=\"M15 68l58-46 58 46\"/><path class=a "
        "d=\"M61 118V82q0-4 4-4h16q4 0 4 4v36z\"/><circle class=c cx=79 cy=99 r=2.5 /><path "
        "class=c "
        "d=\"M95 76h14v14H95zM37 76h14v14H37z\"/>",
    [TG_PAGE_HOTEL] =
        "<path class=s d=\"M24 118V30q0-5 5-5h64q5 0 5 5v28h31q5 0 5 5v55z\"/><path class=a "
        "d=\"M36 37h13v13H36zm19 0h13v13H55zm19 0h13v13H74zM36 58h13v13H36zm19 "
        "0h13v13H55zM36 79h13v13H36zm38 0h13v13H74zm36-9h12v12h-12zm0 20h12v12h-12zM51 "
        "118v-16h20v16zM57 22l4-14 4 14z\"/><path class=c d=\"M74 58h13v13H74zM55 79h13v13H55z\"/>",
    [TG_PAGE_GENERAL] =
        "<rect class=s x=12 y=32 width=124 height=82 rx=14 /><circle class=n cx=48 cy=73 r=20 "
        "stroke-width=10 /><path class=n stroke-width=10 d=\"M70 73h50m-6 0v15m-20-15v11\"/>",
};

/* What the phone shows: around 178,73. */
enum icon { ICON_KEY, ICON_CHECK, ICON_CROSS, ICON_CLOCK, ICON_UNKNOWN, ICON_WARNING, ICON_PAUSE };

static const char *const icons[] = {
    [ICON_KEY] = "<circle cx=178 cy=64 r=7 /><path d=\"M178 71v20m0-2h6m-6-8h5\"/>",
    [ICON_CHECK] = "<path d=\"M168 75l7 7 13-15\"/>",
    [ICON_CROSS] = "<path d=\"M170 66l16 16m0-16l-16 16\"/>",
    [ICON_CLOCK] = "<circle cx=178 cy=74 r=11 /><path d=\"M178 67v7l5 4\"/>",
    [ICON_UNKNOWN] = "<path d=\"M172 69q0-7 6-7t6 6q0 4-6 7v5m0 7v.1\"/>",
    [ICON_WARNING] = "<path d=\"M178 61l12 22h-24zm0 8v6m0 3.5v.1\"/>",
    [ICON_PAUSE] = "<path d=\"M173 66v16m10-16v16\"/>",
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

    tg_buf_append_str(out, "<div class=\"d\"><svg viewBox=\"0 0 210 126\" aria-hidden=\"true\">");
    tg_buf_append_str(out, things[vertical]);
    if (is_on_its_way) {
        tg_buf_append_str(out, "<path class=\"n r\" stroke-width=4 d=\"M128 26q24-22 44-5\"/>");
    }
    tg_buf_append_str(out,
                      "<rect class=c x=149 y=27 width=58 height=96 rx=14 /><rect class=a x=153 "
                      "y=31 width=50 height=88 rx=10 /><rect class=c x=158 y=38 width=40 "
                      "height=71 rx=4 /><g class=n stroke-width=4>");
    tg_buf_append_str(out, icons[icon_of[state]]);
    tg_buf_append_str(out, "</g></svg></div>\n");
}
