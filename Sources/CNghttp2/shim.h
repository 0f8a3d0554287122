// nghttp2, with what Swift cannot make by itself: header fields and data providers.
#ifndef PITOT_CNGHTTP2_H
#define PITOT_CNGHTTP2_H
#include <nghttp2/nghttp2.h>

static inline nghttp2_nv pitot_h2_field(const uint8_t *name, size_t name_size,
                                        const uint8_t *value, size_t value_size) {
  nghttp2_nv field = {(uint8_t *)name, (uint8_t *)value, name_size, value_size,
                      NGHTTP2_NV_FLAG_NONE};
  return field;
}

static inline nghttp2_data_provider pitot_h2_data(void *source,
                                                  nghttp2_data_source_read_callback read) {
  nghttp2_data_provider provider;
  provider.source.ptr = source;
  provider.read_callback = read;
  return provider;
}

static inline int pitot_h2_frame_type(const nghttp2_frame *frame) { return frame->hd.type; }
static inline int32_t pitot_h2_frame_stream(const nghttp2_frame *frame) {
  return frame->hd.stream_id;
}
static inline int pitot_h2_frame_ends_stream(const nghttp2_frame *frame) {
  return (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}
static inline int pitot_h2_is_request(const nghttp2_frame *frame) {
  return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}
#endif
