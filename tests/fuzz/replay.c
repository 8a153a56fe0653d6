/* Runs a fuzz target over files: the corpus is replayed by every ordinary test run. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return 1;
        }
        uint8_t *data = malloc(1 << 20);
        size_t size = fread(data, 1, 1 << 20, file);
        fclose(file);
        /* An exact allocation, so that a read beyond the end is seen. */
        uint8_t *exact = malloc(size ? size : 1);
        for (size_t k = 0; k < size; k++)
            exact[k] = data[k];
        free(data);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("%d files\n", argc - 1);
    return 0;
}
