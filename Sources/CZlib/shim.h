#include <zlib.h>

// deflateInit2 is a macro, which Swift cannot call. One gzip member of all of `source`, fast rather
// than small. Returns the bytes written, 0 when `target` has less room than `pitot_gzip_bound`
// says or there is no memory.
static inline size_t pitot_gzip(
    unsigned char *target, size_t room, const unsigned char *source, size_t count) {
  z_stream stream = {0};
  // 15 bits of window, 16 more for gzip's header and checksum.
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    return 0;
  size_t taken = 0, written = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    // zlib counts in 32 bits.
    size_t in = count - taken < 1u << 30 ? count - taken : 1u << 30;
    size_t out = room - written < 1u << 30 ? room - written : 1u << 30;
    stream.next_in = (unsigned char *)source + taken;
    stream.avail_in = (unsigned)in;
    stream.next_out = target + written;
    stream.avail_out = (unsigned)out;
    status = deflate(&stream, taken + in == count ? Z_FINISH : Z_NO_FLUSH);
    taken += in - stream.avail_in;
    written += out - stream.avail_out;
  }
  deflateEnd(&stream);
  return status == Z_STREAM_END ? written : 0;
}

// Room that is enough for any content.
static inline size_t pitot_gzip_bound(size_t count) {
  return count + (count >> 12) + (count >> 14) + (count >> 25) + 64;
}

// A stream that inflates gzip, and nothing else. inflateInit2 is a macro, too.
static inline int pitot_inflate_begin(z_stream *stream) {
  return inflateInit2(stream, 16 + MAX_WBITS);
}
