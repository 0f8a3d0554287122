#include "CRE2.h"

#include <re2/re2.h>

#include <cstring>
#include <new>
#include <vector>

struct pitot_re2 {
  re2::RE2 regex;
  pitot_re2(re2::StringPiece pattern, const re2::RE2::Options &options)
      : regex(pattern, options) {}
};

extern "C" pitot_re2 *pitot_re2_compile(const char *pattern, size_t size, size_t max_bytes,
                                        char *error, size_t error_size) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(static_cast<int64_t>(max_bytes));
  options.set_dot_nl(true);  // as Prometheus: '.' also matches a newline
  // An empty Swift buffer may be null; RE2 tells a null text from an empty one.
  if (pattern == nullptr) pattern = "";
  auto *re = new (std::nothrow) pitot_re2(re2::StringPiece(pattern, size), options);
  if (re == nullptr || re->regex.ok()) return re;
  if (error_size > 0) {
    std::strncpy(error, re->regex.error().c_str(), error_size - 1);
    error[error_size - 1] = 0;
  }
  delete re;
  return nullptr;
}

extern "C" void pitot_re2_free(pitot_re2 *re) { delete re; }

extern "C" bool pitot_re2_full_match(const pitot_re2 *re, const char *text, size_t size) {
  if (text == nullptr) text = "";
  return re2::RE2::FullMatch(re2::StringPiece(text, size), re->regex);
}

extern "C" int pitot_re2_group_count(const pitot_re2 *re) {
  return re->regex.NumberOfCapturingGroups();
}

extern "C" const char *pitot_re2_group_name(const pitot_re2 *re, int group) {
  const auto &names = re->regex.CapturingGroupNames();
  auto found = names.find(group);
  return found == names.end() ? nullptr : found->second.c_str();
}

extern "C" bool pitot_re2_captures(const pitot_re2 *re, const char *text, size_t size,
                                   long *bounds, int pairs) {
  if (text == nullptr) text = "";
  std::vector<re2::StringPiece> found(static_cast<size_t>(pairs));
  if (!re->regex.Match(re2::StringPiece(text, size), 0, size, re2::RE2::ANCHOR_BOTH, found.data(),
                       pairs)) {
    return false;
  }
  for (int i = 0; i < pairs; i++) {
    const bool took_part = found[i].data() != nullptr;
    bounds[2 * i] = took_part ? found[i].data() - text : -1;
    bounds[2 * i + 1] = took_part ? bounds[2 * i] + static_cast<long>(found[i].size()) : -1;
  }
  return true;
}
