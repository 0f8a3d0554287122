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


// How many capturing groups the pattern has, and the name of one (null when it has none).
int pitot_re2_group_count(const pitot_re2 *re);
const char *pitot_re2_group_name(const pitot_re2 *re, int group);
// Matches the whole of `text`; writes start and end of the match and of each group, `pairs` pairs
// in all, -1 for a group that took no part. False when it does not match.
bool pitot_re2_captures(const pitot_re2 *re, const char *text, size_t size, long *bounds,
                        int pairs);
#ifdef __cplusplus
}
#endif
#endif
