/**
 * What Node is told at the start of the program, here and in core/bin/openclaw.
 *
 * A young generation that may grow to what Node allows keeps 50 MB and more of garbage beside 5,000 turns under way; one that
 * begins with less than 4 MB is collected over and over while the program is loaded. What is compiled ahead is compiled with
 * the same flags, for some of them are part of the compile cache's name.
 *
 * Most other flags of V8 would cost more than they bring: Node takes what it has compiled of itself ahead, and what the program
 * has in the cache of another process, only under the flags it was built with.
 */
export const nodeFlags = ["--min-semi-space-size=4", "--max-semi-space-size=8"];

/**
 * What the C library is told: buffers are made by one thread and freed by another, and where every thread has a heap of its own,
 * each keeps its largest moment for good. Large buffers get pages of their own, which go back when they are freed. Other C
 * libraries ignore it.
 */
export const allocatorSettings = { MALLOC_ARENA_MAX: "2", MALLOC_MMAP_THRESHOLD_: "131072", MALLOC_TRIM_THRESHOLD_: "4194304" };
