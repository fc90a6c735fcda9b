/* SPDX-License-Identifier: Apache-2.0 */
#include "support/c/unit.h"

#include "wire/msg_create.h"
#include "wire/msg_read.h"
#include "wire/msg_update.h"

#define PAYLOAD "\"payload\":{\"type\":\"T\",\"data\":\"D\"}"
#define DISPLAY "\"displayInformation\":{\"title\":\"t\",\"description\":\"d\",\"imageURL\":\"i\"}"
#define TOKEN "\"notificationToken\":{\"type\":\"n\",\"tokenData\":\"x\"}"
#define CONFIG                                                                                     \
    "\"mailboxConfiguration\":{\"accessRights\":\"RWD\",\"expiration\":\"2030-01-02T03:04:05Z\"}"
#define EXPIRATION "\"expiration\":\"2030-01-02T03:04:05Z\""
#define EXPIRATION_S 1893553445

static const struct tg_wire_limits limits = TG_WIRE_LIMITS_DEFAULT;

/* The four decoders that have a fault, as one: the document is freed, the result compared. */
enum message { CREATE, UPDATE, READ, CONTENT, PREVIEW, CREATED, UPDATED };

static enum tg_err decode(enum message message, struct tg_bytes body, struct tg_fault *fault)
{
    union {
        struct tg_msg_create create;
        struct tg_msg_update update;
        struct tg_notification_token token;
        struct tg_msg_content content;
        struct tg_msg_preview preview;
        struct tg_msg_created created;
        bool is_push_supported;
        uint8_t raw[sizeof(struct tg_msg_create)];
    } out;
    uint8_t before[sizeof(out)];
    int64_t expiration_s = 77;
    struct tg_json *doc = NULL;
    struct tg_buf text = exact(body.ptr, body.len);
    struct tg_bytes view = tg_buf_view(&text);
    enum tg_err err = TG_E_BUG;

    memset(&out, 0x5a, sizeof(out));
    memcpy(before, &out, sizeof(out));
    switch (message) {
    case CREATE:
        err = tg_msg_create_decode(&out.create, &doc, view, &limits, fault);
        break;
    case UPDATE:
        err = tg_msg_update_decode(&out.update, &doc, view, &limits, fault);
        break;
    case READ:
        err = tg_msg_read_decode(&out.token, &doc, view, &limits, fault);
        break;
    case CONTENT:
        err = tg_msg_content_decode(&out.content, &doc, view, fault);
        break;
    case PREVIEW:
        err = tg_msg_preview_decode(&out.preview, &doc, view, fault);
        break;
    case CREATED:
        err = tg_msg_created_decode(&out.created, &doc, view, fault);
        break;
    case UPDATED:
        err = tg_msg_updated_decode(&out.is_push_supported, view, fault);
        break;
    }
    if (err != TG_OK) {
        assert_null(doc);
        assert_memory_equal(&out, before, sizeof(before));
        assert_int_equal(expiration_s, 77);
        assert_string_not_equal(fault->text, "");
    }
    tg_json_free(&doc);
    tg_buf_deinit(&text);
    return err;
}

/* spec-test: protocol/4#create-body */
static void create__all_members__every_field(void **state)
{
    struct tg_msg_create msg;
    struct tg_json *doc = NULL;
    struct tg_fault fault = { "" };

    (void)state;
    assert_int_equal(tg_msg_create_decode(&msg, &doc,
                                          TG_LIT("{" PAYLOAD "," DISPLAY "," TOKEN "," CONFIG
                                                 ",\"unknown\":[1,{\"payload\":2}]}"),
                                          &limits, &fault),
                     TG_OK);
    assert_view(msg.payload.type, "T");
    assert_view(msg.payload.data, "D");
    assert_view(msg.display.title, "t");
    assert_view(msg.display.description, "d");
    assert_view(msg.display.image_url, "i");
    assert_true(msg.token.is_present);
    assert_view(msg.token.type, "n");
    assert_view(msg.token.token_data, "x");
    assert_true(msg.has_rights && msg.has_expiration);
    assert_int_equal(msg.rights, TG_RIGHT_READ | TG_RIGHT_WRITE | TG_RIGHT_DELETE);
    assert_int_equal(msg.expiration_s, EXPIRATION_S);
    tg_json_free(&doc);
}

static void create__optional_members_left_out__absent(void **state)
{
    struct tg_msg_create msg;
    struct tg_json *doc = NULL;

    (void)state;
    assert_int_equal(
        tg_msg_create_decode(&msg, &doc, TG_LIT("{" DISPLAY "," PAYLOAD "}"), &limits, NULL),
        TG_OK);
    assert_false(msg.token.is_present || msg.has_rights || msg.has_expiration);
    tg_json_free(&doc);
    assert_int_equal(tg_msg_create_decode(&msg, &doc,
                                          TG_LIT("{" DISPLAY "," PAYLOAD
                                                 ",\"mailboxConfiguration\":{" EXPIRATION "}}"),
                                          &limits, NULL),
                     TG_OK);
    assert_true(msg.has_expiration && !msg.has_rights);
    tg_json_free(&doc);
}

/* Each optional member of each body. spec-test: protocol/1#null-is-absent */
static void decode__an_optional_member_is_null__as_if_it_were_absent(void **state)
{
    static const struct {
        enum message message;
        const char *body;
    } cases[] = {
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"notificationToken\":null}" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"mailboxConfiguration\":null}" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"mailboxConfiguration\":{}}" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"notificationToken\":null,"
                  "\"mailboxConfiguration\":{" EXPIRATION ",\"accessRights\":null}}" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"unknown\":null}" },
        { UPDATE, "{" PAYLOAD ",\"notificationToken\":null}" },
        { READ, "{\"notificationToken\":null}" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_bytes body = tg_bytes_str(cases[i].body);
        struct tg_msg_create create = { .has_rights = true };
        struct tg_msg_update update = { .token = { .is_present = true } };
        struct tg_notification_token token = { .is_present = true };
        struct tg_json *doc = NULL;

        if (cases[i].message == CREATE) {
            assert_int_equal(tg_msg_create_decode(&create, &doc, body, &limits, NULL), TG_OK);
            assert_false(create.has_rights || create.token.is_present);
        } else if (cases[i].message == UPDATE) {
            assert_int_equal(tg_msg_update_decode(&update, &doc, body, &limits, NULL), TG_OK);
            assert_false(update.token.is_present);
        } else {
            assert_int_equal(tg_msg_read_decode(&token, &doc, body, &limits, NULL), TG_OK);
            assert_false(token.is_present);
        }
        tg_json_free(&doc);
    }
}

/* spec-test: protocol/4#payload-opaque-non-empty */
/* spec-test: protocol/4#token-both-members */
/* spec-test: protocol/3#expiration-optional-in-configuration */
/* spec-test: protocol/4#update-body */
/* spec-test: protocol/4#read-body */
/* spec-test: protocol/3#access-rights */
static void decode__a_member_missing_or_wrong__the_fault_names_it(void **state)
{
    static const struct {
        enum message message;
        const char *body;
        const char *fault;
    } cases[] = {
        { CREATE, "{}", "payload: expected an object" },
        { CREATE, "{\"payload\":\"x\"}", "payload: expected an object" },
        { CREATE, "{\"payload\":null}", "payload: expected an object" },
        { CREATE, "{\"payload\":{}}", "payload.type: expected a string of 1 to 64 bytes" },
        { CREATE, "{\"payload\":{\"type\":\"\"}}", "payload.type: expected a string of 1 to 64" },
        { CREATE, "{\"payload\":{\"type\":1}}", "payload.type: expected a string of 1 to 64" },
        { CREATE, "{\"payload\":{\"type\":\"T\"}}", "payload.data: expected a non-empty string" },
        { CREATE, "{\"payload\":{\"type\":\"T\",\"data\":\"\"}}", "payload.data: expected a non-" },
        { CREATE, "{\"payload\":{\"type\":\"T\",\"data\":{}}}", "payload.data: expected a non-" },
        { CREATE, "{" PAYLOAD "}", "displayInformation: expected an object" },
        { CREATE, "{" PAYLOAD ",\"displayInformation\":[]}",
          "displayInformation: expected an obj" },
        { CREATE, "{" PAYLOAD ",\"displayInformation\":{}}",
          "displayInformation.title: expected a "
          "string of 0 to 256 bytes" },
        { CREATE, "{" PAYLOAD ",\"displayInformation\":{\"title\":\"\"}}",
          "displayInformation.description: expected a string of 0 to 1024 bytes" },
        { CREATE, "{" PAYLOAD ",\"displayInformation\":{\"title\":\"\",\"description\":\"\"}}",
          "displayInformation.imageURL: expected a string of 0 to 2048 bytes" },
        { CREATE,
          "{" PAYLOAD
          ",\"displayInformation\":{\"title\":\"\",\"description\":\"\",\"imageURL\":null}}",
          "displayInformation.imageURL: expected" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"notificationToken\":7}",
          "notificationToken: expected an object" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"notificationToken\":{}}",
          "notificationToken.type: expected a string of 1 to 128 bytes" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"notificationToken\":{\"type\":\"n\"}}",
          "notificationToken.tokenData: expected a string of 1 to 4096 bytes" },
        { READ, "{\"notificationToken\":{\"type\":\"n\",\"tokenData\":\"x\",\"tokenTopic\":\"\"}}",
          "notificationToken.tokenTopic: expected a string of 1 to 255 bytes" },
        { READ, "{\"notificationToken\":{\"type\":\"n\",\"tokenData\":\"x\",\"tokenTopic\":7}}",
          "notificationToken.tokenTopic: expected a string of 1 to 255 bytes" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"notificationToken\":{\"tokenData\":\"n\"}}",
          "notificationToken.type: expected" },
        { CREATE,
          "{" PAYLOAD "," DISPLAY ",\"notificationToken\":{\"type\":\"\",\"tokenData\":\"n\"}}",
          "notificationToken.type: expected" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"mailboxConfiguration\":1}",
          "mailboxConfiguration: expected an object" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"mailboxConfiguration\":{\"expiration\":1}}",
          "mailboxConfiguration.expiration: expected YYYY-MM-DDThh:mm:ssZ" },
        { CREATE, "{" PAYLOAD "," DISPLAY ",\"mailboxConfiguration\":{\"expiration\":\"\"}}",
          "mailboxConfiguration.expiration: expected YYYY-MM-DDThh:mm:ssZ" },
        { CREATE,
          "{" PAYLOAD "," DISPLAY
          ",\"mailboxConfiguration\":{\"expiration\":\"2030-02-30T00:00:00Z\"}}",
          "mailboxConfiguration.expiration: expected YYYY-MM-DDThh:mm:ssZ" },
        { CREATE,
          "{" PAYLOAD "," DISPLAY ",\"mailboxConfiguration\":{\"accessRights\":\"RR\"," EXPIRATION
          "}}",
          "mailboxConfiguration.accessRights: expected one or more of the letters R, W and D" },
        { CREATE,
          "{" PAYLOAD "," DISPLAY ",\"mailboxConfiguration\":{\"accessRights\":1," EXPIRATION "}}",
          "mailboxConfiguration.accessRights: expected" },
        { UPDATE, "{}", "payload: expected an object" },
        { UPDATE, "{" PAYLOAD ",\"notificationToken\":{\"type\":\"n\"}}",
          "notificationToken.tokenData: expected" },
        { READ, " ", "body: expected one JSON object" },
        { READ, "{\"notificationToken\":\"x\"}", "notificationToken: expected an object" },
        { READ, "{\"notificationToken\":{\"type\":\"n\",\"tokenData\":\"\"}}",
          "notificationToken.tokenData: expected" },
        { CONTENT, "{" PAYLOAD "," DISPLAY "}", "expiration: expected YYYY-MM-DDThh:mm:ssZ" },
        { CONTENT, "{" PAYLOAD "," EXPIRATION "}", "displayInformation: expected an object" },
        { CONTENT, "{" DISPLAY "," EXPIRATION "}", "payload: expected an object" },
        { PREVIEW, "{" DISPLAY "}", "expiration: expected YYYY-MM-DDThh:mm:ssZ" },
        { PREVIEW, "{" EXPIRATION "}", "displayInformation: expected an object" },
        { CREATED, "{}", "urlLink: expected a non-empty string" },
        { CREATED, "{\"urlLink\":\"\"}", "urlLink: expected a non-empty string" },
        { CREATED, "{\"urlLink\":\"u\"}", "isPushNotificationSupported: expected true or false" },
        { CREATED, "{\"urlLink\":\"u\",\"isPushNotificationSupported\":\"true\"}",
          "isPushNotificationSupported: expected true or false" },
        { UPDATED, "{}", "isPushNotificationSupported: expected true or false" },
        { UPDATED, "<html>", "body: expected one JSON object" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_fault fault = { "" };

        assert_int_equal(decode(cases[i].message, tg_bytes_str(cases[i].body), &fault),
                         TG_E_SYNTAX);
        assert_fault_begins(fault, cases[i].fault);
    }
}

static const struct {
    enum message message;
    const char *body;
} good[] = {
    { CREATE, "{" PAYLOAD "," DISPLAY "," TOKEN "," CONFIG "}" },
    { UPDATE, "{" PAYLOAD "," TOKEN "}" },
    { READ, "{" TOKEN "}" },
    { READ, "{}" },
    { CONTENT, "{" PAYLOAD "," DISPLAY "," EXPIRATION "}" },
    { PREVIEW, "{" DISPLAY "," EXPIRATION "}" },
    { CREATED, "{\"urlLink\":\"u\",\"isPushNotificationSupported\":true}" },
    { UPDATED, "{\"isPushNotificationSupported\":false}" },
};

static void decode__every_truncation_and_trailing_byte__refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        struct tg_fault fault = { "" };
        struct tg_bytes body = tg_bytes_str(good[i].body);
        struct tg_buf longer;

        assert_int_equal(decode(good[i].message, body, &fault), TG_OK);
        for (size_t len = good[i].message == READ ? 1 : 0; len < body.len; len++) {
            fault.text[0] = '\0';
            assert_int_equal(decode(good[i].message, tg_bytes_first(body, len), &fault),
                             TG_E_SYNTAX);
        }
        tg_buf_init(&longer, body.len + 1);
        tg_buf_append(&longer, body);
        tg_buf_append_str(&longer, "x");
        assert_int_equal(decode(good[i].message, tg_buf_view(&longer), &fault), TG_E_SYNTAX);
        tg_buf_deinit(&longer);
    }
}

static void decode__any_byte_not_ascii__refused_and_no_crash(void **state)
{
    (void)state;
    for (size_t i = 0; i < TG_COUNT(good); i++) {
        struct tg_buf body = exact(good[i].body, strlen(good[i].body));

        for (size_t at = 0; at < body.len; at++) {
            struct tg_fault fault = { "" };
            uint8_t kept = body.ptr[at];

            body.ptr[at] = 0xff;
            assert_int_equal(decode(good[i].message, tg_buf_view(&body), &fault), TG_E_SYNTAX);
            body.ptr[at] = kept;
        }
        tg_buf_deinit(&body);
    }
}

static void decode__a_member_twice__refused(void **state)
{
    static const struct {
        enum message message;
        const char *body;
    } cases[] = {
        { CREATE, "{" PAYLOAD "," PAYLOAD "," DISPLAY "}" },
        { UPDATE, "{\"payload\":{\"type\":\"T\",\"data\":\"D\",\"data\":\"E\"}}" },
        { READ, "{" TOKEN "," TOKEN "}" },
        { UPDATED, "{\"isPushNotificationSupported\":true,\"isPushNotificationSupported\":false}" },
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(cases); i++) {
        struct tg_fault fault = { "" };

        assert_int_equal(decode(cases[i].message, tg_bytes_str(cases[i].body), &fault),
                         TG_E_SYNTAX);
        assert_non_null(strstr(fault.text, "a member occurs twice"));
    }
}

/* A create body in which one string has the length given. */
static struct tg_buf create_with(size_t field, size_t len)
{
    static const char *const before[] = {
        "{\"payload\":{\"data\":\"D\",\"type\":\"",
        "{" PAYLOAD ",\"displayInformation\":{\"description\":\"\",\"imageURL\":\"\",\"title\":\"",
        "{" PAYLOAD ",\"displayInformation\":{\"title\":\"\",\"imageURL\":\"\",\"description\":\"",
        "{" PAYLOAD ",\"displayInformation\":{\"title\":\"\",\"description\":\"\",\"imageURL\":\"",
        "{" PAYLOAD "," DISPLAY ",\"notificationToken\":{\"tokenData\":\"x\",\"type\":\"",
        "{" PAYLOAD "," DISPLAY ",\"notificationToken\":{\"type\":\"n\",\"tokenData\":\"",
    };
    struct tg_buf b;

    tg_buf_init(&b, 20000);
    tg_buf_append_str(&b, before[field]);
    /* Umlauts: the limits are in bytes of UTF-8. */
    for (size_t i = 0; i + 2 <= len; i += 2) {
        tg_buf_append_str(&b, "\xc3\xa4");
    }
    fill(&b, 'x', len % 2);
    tg_buf_append_str(&b, field == 0 ? "\"}," DISPLAY "}" : "\"}}");
    return b;
}

/* spec-test: protocol/3#limits */
static void create__each_string_at_its_limit_and_above__accepted_and_refused(void **state)
{
    static const size_t maxima[] = { 64, 256, 1024, 2048, 128, 4096 };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(maxima); i++) {
        struct tg_fault fault = { "" };
        struct tg_buf fits = create_with(i, maxima[i]);
        struct tg_buf over = create_with(i, maxima[i] + 1);

        assert_int_equal(decode(CREATE, tg_buf_view(&fits), &fault), TG_OK);
        assert_int_equal(decode(CREATE, tg_buf_view(&over), &fault), TG_E_LIMIT);
        assert_non_null(strstr(fault.text, ": expected a string of "));
        tg_buf_deinit(&fits);
        tg_buf_deinit(&over);
    }
}

static void create__body_at_its_limit_and_above__accepted_and_refused(void **state)
{
    struct tg_fault fault = { "" };
    struct tg_buf body;

    (void)state;
    tg_buf_init(&body, 70000);
    tg_buf_append_str(&body, "{" DISPLAY ",\"payload\":{\"type\":\"T\",\"data\":\"");
    fill(&body, 'A', limits.body_max - body.len - 3);
    tg_buf_append_str(&body, "\"}}");
    assert_int_equal(body.len, limits.body_max);
    assert_int_equal(decode(CREATE, tg_buf_view(&body), &fault), TG_OK);
    tg_buf_append_str(&body, " ");
    assert_int_equal(decode(CREATE, tg_buf_view(&body), &fault), TG_E_LIMIT);
    assert_string_equal(fault.text, "body: expected at most 65536 bytes");
    tg_buf_deinit(&body);
}

static void create__nested_20000_deep__limit(void **state)
{
    struct tg_fault fault = { "" };
    struct tg_buf body;

    (void)state;
    tg_buf_init(&body, 70000);
    tg_buf_append_str(&body, "{\"x\":");
    fill(&body, '[', 20000);
    fill(&body, ']', 20000);
    tg_buf_append_str(&body, "," PAYLOAD "," DISPLAY "}");
    assert_int_equal(decode(CREATE, tg_buf_view(&body), &fault), TG_E_LIMIT);
    tg_buf_deinit(&body);
}

static void decode__faults__never_repeat_the_input(void **state)
{
    static const char *const bodies[] = {
        "{\"MARK\":\"MARK\",\"MARK\":1}",
        "{\"a\":MARK}",
        "MARK",
        "{\"payload\":{\"type\":\"MARKMARKMARKMARKMARKMARKMARKMARKMARKMARKMARKMARKMARKMARKMARKMARKM"
        "\"}}",
        "{" PAYLOAD "," DISPLAY ",\"mailboxConfiguration\":{\"accessRights\":\"MARK\"}}",
        "{" PAYLOAD "," DISPLAY ",\"mailboxConfiguration\":{\"expiration\":\"MARK\"}}",
    };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(bodies); i++) {
        struct tg_fault fault = { "" };

        assert_int_not_equal(decode(CREATE, tg_bytes_str(bodies[i]), &fault), TG_OK);
        assert_null(strstr(fault.text, "MARK"));
    }
}

static void read__empty_body__no_token_and_no_document(void **state)
{
    struct tg_notification_token token = { .is_present = true };
    struct tg_json *doc = NULL;

    (void)state;
    assert_int_equal(tg_msg_read_decode(&token, &doc, tg_bytes(NULL, 0), &limits, NULL), TG_OK);
    assert_false(token.is_present);
    assert_null(doc);
}

/* spec-test: protocol/3#access-rights */
static void rights__every_text_up_to_four_letters__accepted_or_refused(void **state)
{
    static const char letters[] = "RWDrX";
    static const unsigned values[] = { TG_RIGHT_READ, TG_RIGHT_WRITE, TG_RIGHT_DELETE, 0, 0 };

    (void)state;
    for (size_t n = 0; n < 6 * 6 * 6 * 6; n++) {
        char text[5] = { 0 };
        size_t len = 0;
        unsigned expected = 0;
        unsigned rights = 99;
        bool is_good = true;

        for (size_t rest = n; rest > 0; rest /= 6) {
            if (rest % 6 > 0) {
                unsigned value = values[rest % 6 - 1];

                text[len++] = letters[rest % 6 - 1];
                is_good = is_good && value != 0 && (expected & value) == 0;
                expected |= value;
            }
        }
        is_good = is_good && len > 0;
        assert_int_equal(tg_rights_parse(&rights, tg_bytes_str(text), NULL),
                         is_good ? TG_OK : TG_E_SYNTAX);
        assert_int_equal(rights, is_good ? expected : 99);
    }
}

static void rights__every_set__formatted_in_order_and_back(void **state)
{
    static const char *const texts[] = { "", "R", "W", "RW", "D", "RD", "WD", "RWD" };

    (void)state;
    for (unsigned rights = 0; rights < 8; rights++) {
        struct tg_buf out;

        tg_buf_init(&out, 3);
        tg_rights_format(&out, rights);
        assert_view(tg_buf_view(&out), texts[rights]);
        tg_buf_deinit(&out);
    }
}

#define TRICKY "\"\\/\n\x01\xc3\xa4\xf0\x9f\x94\x91"

static void create__encoded_and_decoded__the_same(void **state)
{
    const struct tg_msg_create msg = {
        .payload = { TG_LIT(TRICKY), TG_LIT(TRICKY) },
        .display = { TG_LIT(TRICKY), TG_LIT(""), TG_LIT("https://x/\"") },
        .token = { .is_present = true, .type = TG_LIT("n"), .token_data = TG_LIT(TRICKY) },
        .has_rights = true,
        .rights = TG_RIGHT_WRITE,
        .has_expiration = true,
        .expiration_s = EXPIRATION_S,
    };
    struct tg_msg_create back;
    struct tg_json *doc = NULL;
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 2000);
    assert_int_equal(tg_msg_create_encode(&out, &msg), TG_OK);
    assert_int_equal(tg_msg_create_decode(&back, &doc, tg_buf_view(&out), &limits, NULL), TG_OK);
    assert_view(back.payload.type, TRICKY);
    assert_view(back.payload.data, TRICKY);
    assert_view(back.display.title, TRICKY);
    assert_view(back.display.description, "");
    assert_view(back.display.image_url, "https://x/\"");
    assert_view(back.token.token_data, TRICKY);
    assert_int_equal(back.rights, TG_RIGHT_WRITE);
    assert_int_equal(back.expiration_s, EXPIRATION_S);
    tg_json_free(&doc);
    tg_buf_deinit(&out);
}

static void token__topic__bound_and_one_beyond(void **state)
{
    char topic[TG_TOKEN_TOPIC_MAX + 1] = { 0 };
    struct tg_notification_token token = { .is_present = true,
                                           .type = TG_LIT("n"),
                                           .token_data = TG_LIT("x"),
                                           .topic = tg_bytes(topic, TG_TOKEN_TOPIC_MAX) };
    struct tg_notification_token back = { .is_present = false };
    const struct tg_payload payload = { TG_LIT("T"), TG_LIT("D") };
    struct tg_msg_update update = { .payload = payload };
    struct tg_msg_create create = { .has_rights = false };
    struct tg_json *doc = NULL;
    struct tg_buf out;

    (void)state;
    memset(topic, 'a', sizeof(topic));
    tg_buf_init(&out, 2000);
    assert_int_equal(tg_msg_read_encode(&out, &token), TG_OK);
    assert_int_equal(tg_msg_read_decode(&back, &doc, tg_buf_view(&out), &limits, NULL), TG_OK);
    assert_true(tg_bytes_is_equal(back.topic, token.topic));
    tg_json_free(&doc);
    tg_buf_clear(&out);
    update.token = token;
    assert_int_equal(tg_msg_update_encode(&out, &update), TG_OK);
    assert_int_equal(tg_msg_update_decode(&update, &doc, tg_buf_view(&out), &limits, NULL), TG_OK);
    assert_true(tg_bytes_is_equal(update.token.topic, token.topic));
    tg_json_free(&doc);
    tg_buf_clear(&out);
    create.payload = payload;
    create.token = token;
    assert_int_equal(tg_msg_create_encode(&out, &create), TG_OK);
    assert_int_equal(tg_msg_create_decode(&create, &doc, tg_buf_view(&out), &limits, NULL), TG_OK);
    assert_true(tg_bytes_is_equal(create.token.topic, token.topic));
    tg_json_free(&doc);
    tg_buf_clear(&out);
    token.topic.len++;
    assert_int_equal(tg_msg_read_encode(&out, &token), TG_OK);
    assert_int_not_equal(tg_msg_read_decode(&back, &doc, tg_buf_view(&out), &limits, NULL), TG_OK);
    tg_json_free(&doc);
    tg_buf_deinit(&out);
}

static void others__encoded_and_decoded__the_same(void **state)
{
    const struct tg_payload payload = { TG_LIT("T"), TG_LIT("D") };
    const struct tg_display_info display = { TG_LIT("t"), TG_LIT("d"), TG_LIT("i") };
    const struct tg_notification_token token = { .is_present = true,
                                                 .type = TG_LIT("n"),
                                                 .token_data = TG_LIT("x") };
    const struct tg_notification_token none = { .is_present = false };
    const struct tg_msg_update update = { payload, token };
    const struct tg_msg_content content = { .payload = payload,
                                            .display = display,
                                            .expiration_s = EXPIRATION_S };
    const struct tg_msg_preview preview = { display, EXPIRATION_S, TG_RECIPIENT_UNKNOWN };
    const struct tg_msg_created created = { TG_LIT("u"), true };
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 2000);
    assert_int_equal(tg_msg_update_encode(&out, &update), TG_OK);
    assert_view(tg_buf_view(&out), good[1].body);
    tg_buf_clear(&out);
    assert_int_equal(tg_msg_read_encode(&out, &token), TG_OK);
    assert_view(tg_buf_view(&out), good[2].body);
    tg_buf_clear(&out);
    assert_int_equal(tg_msg_read_encode(&out, &none), TG_OK);
    assert_int_equal(out.len, 0);
    assert_int_equal(tg_msg_content_encode(&out, &content), TG_OK);
    assert_view(tg_buf_view(&out), good[4].body);
    tg_buf_clear(&out);
    assert_int_equal(tg_msg_preview_encode(&out, &preview), TG_OK);
    assert_view(tg_buf_view(&out), good[5].body);
    tg_buf_clear(&out);
    assert_int_equal(tg_msg_created_encode(&out, &created), TG_OK);
    assert_view(tg_buf_view(&out), good[6].body);
    tg_buf_clear(&out);
    assert_int_equal(tg_msg_updated_encode(&out, false), TG_OK);
    assert_view(tg_buf_view(&out), good[7].body);
    tg_buf_deinit(&out);
}

/* spec-test: protocol/4#read-tells-push-supported */
static void content__of_a_read_with_a_token__has_push_supported(void **state)
{
    static const struct {
        bool has, is;
        const char *member;
    } rows[] = { { false, false, "" },
                 { true, false, ",\"isPushNotificationSupported\":false" },
                 { true, true, ",\"isPushNotificationSupported\":true" } };

    (void)state;
    for (size_t i = 0; i < TG_COUNT(rows); i++) {
        const struct tg_msg_content content = { .payload = { TG_LIT("T"), TG_LIT("D") },
                                                .display = { TG_LIT("t"), TG_LIT("d"),
                                                             TG_LIT("i") },
                                                .expiration_s = EXPIRATION_S,
                                                .has_push_supported = rows[i].has,
                                                .is_push_supported = rows[i].is };
        struct tg_msg_content again;
        struct tg_json *doc = NULL;
        struct tg_buf out;

        tg_buf_init(&out, 2000);
        assert_int_equal(tg_msg_content_encode(&out, &content), TG_OK);
        assert_view(tg_bytes_first(tg_bytes_from(tg_buf_view(&out), strlen(good[4].body) - 1),
                                   strlen(rows[i].member)),
                    rows[i].member);
        assert_int_equal(tg_msg_content_decode(&again, &doc, tg_buf_view(&out), NULL), TG_OK);
        assert_int_equal(again.has_push_supported, rows[i].has);
        assert_int_equal(again.is_push_supported, rows[i].is);
        tg_json_free(&doc);
        tg_buf_deinit(&out);
    }
}

static void answers__decoded__every_field(void **state)
{
    struct tg_msg_content content;
    struct tg_msg_created created;
    struct tg_msg_preview preview;
    bool is_push_supported = false;
    struct tg_json *doc = NULL;

    (void)state;
    assert_int_equal(tg_msg_content_decode(&content, &doc, tg_bytes_str(good[4].body), NULL),
                     TG_OK);
    assert_view(content.payload.data, "D");
    assert_view(content.display.title, "t");
    assert_int_equal(content.expiration_s, EXPIRATION_S);
    tg_json_free(&doc);
    assert_int_equal(tg_msg_preview_decode(&preview, &doc, tg_bytes_str(good[5].body), NULL),
                     TG_OK);
    assert_view(preview.display.image_url, "i");
    assert_int_equal(preview.expiration_s, EXPIRATION_S);
    assert_int_equal(preview.recipient, TG_RECIPIENT_UNKNOWN);
    tg_json_free(&doc);
    assert_int_equal(tg_msg_created_decode(&created, &doc, tg_bytes_str(good[6].body), NULL),
                     TG_OK);
    assert_view(created.url_link, "u");
    assert_true(created.is_push_supported);
    tg_json_free(&doc);
    assert_int_equal(tg_msg_updated_decode(&is_push_supported,
                                           TG_LIT("{\"isPushNotificationSupported\":true}"), NULL),
                     TG_OK);
    assert_true(is_push_supported);
}

static void encode__invalid_utf8__syntax(void **state)
{
    const struct tg_msg_update update = { .payload = { TG_LIT("T"), TG_LIT("\xff") } };
    struct tg_buf out;

    (void)state;
    tg_buf_init(&out, 2000);
    assert_int_equal(tg_msg_update_encode(&out, &update), TG_E_SYNTAX);
    tg_buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__all_members__every_field),
        cmocka_unit_test(create__optional_members_left_out__absent),
        cmocka_unit_test(decode__an_optional_member_is_null__as_if_it_were_absent),
        cmocka_unit_test(decode__a_member_missing_or_wrong__the_fault_names_it),
        cmocka_unit_test(decode__every_truncation_and_trailing_byte__refused),
        cmocka_unit_test(decode__any_byte_not_ascii__refused_and_no_crash),
        cmocka_unit_test(decode__a_member_twice__refused),
        cmocka_unit_test(create__each_string_at_its_limit_and_above__accepted_and_refused),
        cmocka_unit_test(create__body_at_its_limit_and_above__accepted_and_refused),
        cmocka_unit_test(create__nested_20000_deep__limit),
        cmocka_unit_test(decode__faults__never_repeat_the_input),
        cmocka_unit_test(read__empty_body__no_token_and_no_document),
        cmocka_unit_test(rights__every_text_up_to_four_letters__accepted_or_refused),
        cmocka_unit_test(rights__every_set__formatted_in_order_and_back),
        cmocka_unit_test(create__encoded_and_decoded__the_same),
        cmocka_unit_test(token__topic__bound_and_one_beyond),
        cmocka_unit_test(others__encoded_and_decoded__the_same),
        cmocka_unit_test(content__of_a_read_with_a_token__has_push_supported),
        cmocka_unit_test(answers__decoded__every_field),
        cmocka_unit_test(encode__invalid_utf8__syntax),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
