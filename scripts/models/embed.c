/* embed.c - turns texts into vectors with multilingual-e5-small.
 *
 *   embed FOLDER     FOLDER holds e5-small-q4.bin (weights and vocabulary)
 *
 * Request  (stdin):  u32 LE number of texts, then for each text its u32 LE
 *                    length in bytes and that many bytes of UTF-8.
 * Answer   (stdout): u32 LE number of vectors (0xffffffff: failed), u32 LE
 *                    dimensions, then the vectors as f32 LE of length one.
 * The caller writes "query: " or "passage: " before each text.
 * End of input between requests: exit 0. Anything wrong: a line on stderr, exit 1.
 *
 * The engine is taken in whole, so that its inner functions can be called.
 */
#include "e5.c"
#include <errno.h>

enum { MAX_TEXTS = 1024, MAX_BYTES = 1 << 20, MODEL_BYTES = 71622400 };

static void die(const char *what) {
    fprintf(stderr, "embed: %s\n", what);
    exit(1);
}

/* 1: n bytes read; 0: the input ended before the first; else exits. */
static int get(void *to, size_t n) {
    size_t got = fread(to, 1, n, stdin);
    if (got == n) return 1;
    if (ferror(stdin)) die("cannot read the request");
    if (got) die("the input ended within a request");
    return 0;
}

static void put(const void *from, size_t n) {
    if (fwrite(from, 1, n, stdout) != n) die("cannot write the answer");
}

static uint32_t le32(const uint8_t *b) {
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void put32(uint32_t v) {
    uint8_t b[4] = { v, v >> 8, v >> 16, v >> 24 };
    put(b, 4);
}

/* The engine writes the prefix itself, always one of two. The caller's text
 * already has one of them, so it is cut off here and the engine told which.
 * A text with neither is refused rather than embedded as something else. */
static const char *split_prefix(const char *text, int *is_query) {
    if (!strncmp(text, "query: ", 7)) { *is_query = 1; return text + 7; }
    if (!strncmp(text, "passage: ", 9)) { *is_query = 0; return text + 9; }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 2) die("usage: embed FOLDER");
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/e5-small-q4.bin", argv[1]);
    if (n < 0 || (size_t)n >= sizeof path) die("the folder's name is too long");
    struct stat sb;
    if (stat(path, &sb)) {
        fprintf(stderr, "embed: %s: %s\n", path, strerror(errno));
        return 1;
    }
    /* The engine trusts the file and reads by the offsets in it. */
    if (sb.st_size != MODEL_BYTES) {
        fprintf(stderr, "embed: %s: %lld bytes, not %d\n", path, (long long)sb.st_size, MODEL_BYTES);
        return 1;
    }
    e5_model *m = e5_load(path);
    if (!m) die("cannot load the model");
    uint32_t dim = (uint32_t)e5_dim(m);

    uint8_t head[4];
    while (get(head, 4)) {
        uint32_t count = le32(head);
        if (count > MAX_TEXTS) die("more than 1024 texts in a request");
        float *out = malloc(((size_t)count * dim + 1) * sizeof *out);
        if (!out) die("out of memory");
        int failed = 0;
        for (uint32_t i = 0; i < count; i++) {
            if (!get(head, 4)) die("the input ended within a request");
            uint32_t len = le32(head);
            if (len > MAX_BYTES) die("a text of more than 1 MiB");
            char *text = malloc((size_t)len + 1);
            if (!text) die("out of memory");
            if (len && !get(text, len)) die("the input ended within a request");
            text[len] = 0;
            /* Strings end at NUL in the engine; as a space it cuts nothing off. */
            for (uint32_t j = 0; j < len; j++) if (!text[j]) text[j] = ' ';
            int is_query;
            const char *body = split_prefix(text, &is_query);
            if (!body) {
                fprintf(stderr, "embed: text %u begins with neither \"query: \" nor \"passage: \"\n", i);
                failed = 1;
            } else if (e5_embed(m, body, is_query, out + (size_t)i * dim)) {
                fprintf(stderr, "embed: text %u could not be embedded\n", i);
                failed = 1;
            }
            free(text);
        }
        put32(failed ? UINT32_MAX : count);
        put32(dim);
        if (!failed) put(out, (size_t)count * dim * sizeof *out);
        if (fflush(stdout)) die("cannot write the answer");
        free(out);
    }
    e5_free(m);
    return 0;
}
