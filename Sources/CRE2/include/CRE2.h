// A C face for RE2, which Swift's C++ interoperability cannot import.
#ifndef PITOT_CRE2_H
#define PITOT_CRE2_H
#include <stdbool.h>
#include <stddef.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct pitot_re2 pitot_re2;

// Compiles `pattern` (UTF-8) with at most `max_bytes` of program memory. Null on an error,
// whose text (at most `error_size` bytes with its null) is left in `error`.
pitot_re2 *pitot_re2_compile(const char *pattern, size_t size, size_t max_bytes, char *error,
                             size_t error_size);
void pitot_re2_free(pitot_re2 *re);
// Whether the whole of `text` matches. Linear in `size`.
bool pitot_re2_full_match(const pitot_re2 *re, const char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
