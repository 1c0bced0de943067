/**
 * What Node is told at the start of the program, here and in core/bin/openclaw.
 *
 * A young generation that may grow to what Node allows keeps 50 MB and more of garbage beside 5,000 turns under way; one that
 * begins with less than 4 MB is collected over and over while the program is loaded. What is compiled ahead is compiled with
 * the same flags, for some of them are part of the compile cache's name.
 */
export const nodeFlags = ["--min-semi-space-size=4", "--max-semi-space-size=8"];
