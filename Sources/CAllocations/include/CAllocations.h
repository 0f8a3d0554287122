// Counts allocations of the process that links this target: the benchmarks. Exact, since it stands
// in front of the C library's own functions.
#ifndef PITOT_CALLOCATIONS_H
#define PITOT_CALLOCATIONS_H
#include <stdint.h>

uint64_t pitot_allocations(void);
#endif
