// What the shell needs of Linux that Swift's Glibc module does not show.
#ifndef PITOT_CPLATFORM_H
#define PITOT_CPLATFORM_H

// Keeps freed blocks of up to 32 MiB in the heap, at most 64 MiB of them at its end, instead of
// mapping and zeroing anew for each request body.
void pitot_reuse_heap(void);
#endif
