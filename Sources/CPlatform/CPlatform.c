#include "CPlatform.h"

#include <malloc.h>

void pitot_reuse_heap(void) {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
}
