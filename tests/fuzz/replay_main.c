/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over every file of the folders named, each whole, cut at every length (for
 * short files) and with single bits flipped. Fails when a folder holds no file: an empty replay
 * proves nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1u << 20)
#define CUT_EVERY_MAX 512u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A heap copy of exactly len bytes, so that a read past the end is detected. */
static void run_exact(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, data, len);
    (void)LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static void run_variants(uint8_t *data, size_t len)
{
    size_t step = len <= CUT_EVERY_MAX ? 1 : len / CUT_EVERY_MAX + 1;

    run_exact(data, len);
    for (size_t cut = 0; cut < len; cut += step) {
        run_exact(data, cut);
        data[cut] ^= (uint8_t)(1u << (cut % 8));
        run_exact(data, len);
        data[cut] ^= (uint8_t)(1u << (cut % 8));
    }
}

static size_t run_folder(const char *path, uint8_t *input)
{
    DIR *dir = opendir(path);
    struct dirent *entry = NULL;
    size_t count = 0;

    if (dir == NULL) {
        perror(path);
        return 0;
    }
    while ((entry = readdir(dir)) != NULL) {
        char name[2048];
        FILE *file = NULL;

        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        file = fopen(name, "rb");
        if (file == NULL) {
            perror(name);
            continue;
        }
        run_variants(input, fread(input, 1, INPUT_MAX, file));
        (void)fclose(file);
        count++;
    }
    (void)closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    uint8_t *input = malloc(INPUT_MAX);
    int status = argc > 1 && input != NULL ? 0 : 2;

    for (int i = 1; i < argc && status == 0; i++) {
        size_t count = run_folder(argv[i], input);

        printf("%s: %zu inputs\n", argv[i], count);
        status = count > 0 ? 0 : 1;
    }
    free(input);
    return status;
}
