// Typed setters: curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call.
#include <curl/curl.h>

typedef size_t (*pitot_curl_write)(char *, size_t, size_t, void *);

static inline CURLcode pitot_curl_set_long(CURL *h, CURLoption o, long v) {
  return curl_easy_setopt(h, o, v);
}
static inline CURLcode pitot_curl_set_pointer(CURL *h, CURLoption o, const void *v) {
  return curl_easy_setopt(h, o, v);
}
static inline CURLcode pitot_curl_set_write(CURL *h, CURLoption o, pitot_curl_write v) {
  return curl_easy_setopt(h, o, v);
}
static inline CURLcode pitot_curl_get_long(CURL *h, CURLINFO o, long *v) {
  return curl_easy_getinfo(h, o, v);
}
static inline CURLcode pitot_curl_get_offset(CURL *h, CURLINFO o, curl_off_t *v) {
  return curl_easy_getinfo(h, o, v);
}
static inline CURLcode pitot_curl_get_pointer(CURL *h, CURLINFO o, void **v) {
  return curl_easy_getinfo(h, o, v);
}
