// A C face for simdjson's DOM parser: one text in, its tape out.
//
// The tape is an array of 64-bit words, the type in the top byte (simdjson's doc/tape.md):
// 'r' root, '{' '[' with the index after their end in the low 32 bits, '}' ']' ends, '"' a string
// at an offset of the string buffer (4-byte length, then bytes), 'l' 'u' 'd' followed by a word
// with the number, 't' 'f' 'n'.
#ifndef PITOT_CSIMDJSON_H
#define PITOT_CSIMDJSON_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct pitot_json pitot_json;

typedef enum {
  PITOT_JSON_GOOD = 0,
  PITOT_JSON_MALFORMED = 1,
  PITOT_JSON_TOO_DEEP = 2,
  PITOT_JSON_TOO_LARGE = 3,
  PITOT_JSON_NOT_UTF8 = 4,
  PITOT_JSON_BAD_NUMBER = 5,
} pitot_json_status;

// A parser of texts of at most `bytes_max` bytes, nested at most `depth_max` deep. Null when there
// is no memory.
pitot_json *pitot_json_new(size_t bytes_max, size_t depth_max);
void pitot_json_free(pitot_json *json);
// Parses `size` bytes, of which it makes a copy. The tape is valid until the next call.
pitot_json_status pitot_json_parse(pitot_json *json, const uint8_t *bytes, size_t size);
// The words of the tape, the root's first, and how many there are.
const uint64_t *pitot_json_tape(const pitot_json *json);
size_t pitot_json_tape_count(const pitot_json *json);
const uint8_t *pitot_json_strings(const pitot_json *json);
#ifdef __cplusplus
}
#endif
#endif
