/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest-verify [--anchors trust_anchors.json] FILE.json...
 * Verifies every vector of the files, each at its own time, and prints name, verdict and reason.
 * docs/man/attest-verify.1 has the format of the files and the exit status. Assertions in the files
 * are ignored, because Tigress uses none.
 */
#include "attest-verify/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    size_t count;
    size_t wrong;
};

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);

    if (json == NULL) {
        give_up(error.text, path);
    }
    return json;
}

/* "accept...", "reject", or a sentence with "reject". */
static bool is_accept_expected(const char *expect)
{
    if (strncmp(expect, "accept", strlen("accept")) == 0) {
        return true;
    }
    if (strstr(expect, "reject") == NULL) {
        give_up("expected accept or reject", expect);
    }
    return false;
}

static void report(struct tally *tally, const char *name, const struct outcome *got,
                   const char *expect, const char *expect_step)
{
    bool is_right = got->is_accepted == is_accept_expected(expect) &&
                    (expect_step == NULL || strcmp(expect_step, got->step) == 0);

    printf("%s: %s", name, got->is_accepted ? "accept" : "reject");
    if (!got->is_accepted) {
        printf(" (%s) %s", got->step, got->why);
    }
    if (!is_right) {
        printf("   WRONG: expected %s%s%s", expect, expect_step == NULL ? "" : ", ",
               expect_step == NULL ? "" : expect_step);
    }
    printf("\n");
    tally->count++;
    tally->wrong += is_right ? 0 : 1;
}

static void run_vector(struct tally *tally, const json_t *json, const json_t *anchors)
{
    struct outcome outcome;
    struct vector v;

    if (json_object_get(json, "x5c_hex") != NULL) {
        chain_verify(&outcome, json, anchors);
        report(tally, text_of(json, "name"), &outcome, text_of(json, "expect"),
               text_of(json, "expect_step"));
        return;
    }
    vector_init(&v);
    vector_read(&v, json);
    vector_verify(&outcome, &v, anchors);
    report(tally, v.name, &outcome, v.expect, v.expect_step);
    vector_deinit(&v);
}

static json_t *load_beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    char beside[4096];

    (void)snprintf(beside, sizeof(beside), "%.*s%s", slash == NULL ? 0 : (int)(slash - path + 1),
                   path, name);
    return load(beside);
}

static const json_t *find_vector(const json_t *file, const char *name)
{
    const json_t *list = json_object_get(file, "vectors");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *other = text_of(json_array_get(list, i), "name");

        if (other != NULL && strcmp(other, name) == 0) {
            return json_array_get(list, i);
        }
    }
    give_up("no such vector", name);
}

static void run_rule(struct tally *tally, const json_t *rule, const char *path,
                     const json_t *anchors)
{
    json_t *file = load_beside(path, text_of(rule, "base_file"));
    struct outcome outcome;
    struct vector v;
    char name[512];

    vector_init(&v);
    vector_read(&v, find_vector(file, text_of(rule, "base_vector")));
    rule_apply(&v, json_object_get(rule, "op"));
    vector_verify(&outcome, &v, anchors);
    (void)snprintf(name, sizeof(name), "%s, %s", v.name, text_of(rule, "reason"));
    report(tally, name, &outcome, text_of(rule, "expect"), text_of(rule, "expect_step"));
    vector_deinit(&v);
    json_decref(file);
}

static void run_file(struct tally *tally, const char *path, const json_t *anchors)
{
    json_t *file = load(path);
    const json_t *vectors = json_object_get(file, "vectors");
    const json_t *rules = json_object_get(file, "rules");

    if (json_equal(file, anchors)) {
        json_decref(file);
        return;
    }
    if (json_array_size(vectors) + json_array_size(rules) == 0) {
        give_up("expected vectors or rules", path);
    }
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        run_vector(tally, json_array_get(vectors, i), anchors);
    }
    for (size_t i = 0; i < json_array_size(rules); i++) {
        run_rule(tally, json_array_get(rules, i), path, anchors);
    }
    json_decref(file);
}

static int usage(void)
{
    fprintf(stderr, "usage: attest-verify [--anchors trust_anchors.json] FILE.json...\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct tally tally = { .count = 0 };
    const char *anchors_path = NULL;
    json_t *anchors = NULL;
    int file_count = 0;

    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--anchors") == 0 && at + 1 < argc) {
            anchors_path = argv[++at];
        } else if (argv[at][0] != '-') {
            argv[++file_count] = argv[at]; /* the files move to the front of argv */
        } else {
            return usage();
        }
    }
    if (file_count == 0) {
        return usage();
    }
    anchors =
        anchors_path != NULL ? load(anchors_path) : load_beside(argv[1], "trust_anchors.json");
    for (int at = 1; at <= file_count; at++) {
        run_file(&tally, argv[at], anchors);
    }
    json_decref(anchors);
    printf("%zu verdicts, %zu wrong\n", tally.count, tally.wrong);
    if (tally.count == 0) {
        give_up("expected vectors or rules", "only anchors");
    }
    return tally.wrong == 0 ? 0 : 1;
}
