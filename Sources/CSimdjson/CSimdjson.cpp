#include "CSimdjson.h"

#include <simdjson.h>

#include <new>

struct pitot_json {
  simdjson::dom::parser parser;
  size_t bytes_max;
  size_t depth_max;
  pitot_json(size_t bytes, size_t depth) : parser(bytes), bytes_max(bytes), depth_max(depth) {}
};

extern "C" pitot_json *pitot_json_new(size_t bytes_max, size_t depth_max) {
  return new (std::nothrow) pitot_json(bytes_max, depth_max);
}

extern "C" void pitot_json_free(pitot_json *json) { delete json; }

extern "C" pitot_json_status pitot_json_parse(pitot_json *json, const uint8_t *bytes,
                                              size_t size) {
  if (size > json->bytes_max) return PITOT_JSON_TOO_LARGE;
  // Grown in steps: most texts are short, and memory for the longest would be touched at once.
  if (size > json->parser.capacity()) {
    size_t wanted = json->parser.capacity() < 4096 ? 4096 : json->parser.capacity();
    while (wanted < size) wanted *= 2;
    if (wanted > json->bytes_max) wanted = json->bytes_max;
    if (json->parser.allocate(wanted, json->depth_max)) return PITOT_JSON_TOO_LARGE;
  }
  const auto error = json->parser.parse(bytes, size, true).error();
  switch (error) {
    case simdjson::SUCCESS: return PITOT_JSON_GOOD;
    case simdjson::CAPACITY: return PITOT_JSON_TOO_LARGE;
    case simdjson::DEPTH_ERROR: return PITOT_JSON_TOO_DEEP;
    case simdjson::UTF8_ERROR: return PITOT_JSON_NOT_UTF8;
    case simdjson::NUMBER_ERROR: return PITOT_JSON_BAD_NUMBER;
    default: return PITOT_JSON_MALFORMED;
  }
}

extern "C" const uint64_t *pitot_json_tape(const pitot_json *json) {
  return json->parser.doc.tape.get();
}

extern "C" size_t pitot_json_tape_count(const pitot_json *json) {
  // The root's word holds the index after the last one.
  return static_cast<size_t>(json->parser.doc.tape[0] & 0x00ffffffffffffffULL);
}

extern "C" const uint8_t *pitot_json_strings(const pitot_json *json) {
  return json->parser.doc.string_buf.get();
}
