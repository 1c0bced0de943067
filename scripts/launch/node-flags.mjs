/**
 * What Node is told at the start of the program, here and in core/bin/openclaw.
 *
 * A young generation that may grow to what Node allows keeps 50 MB and more of garbage beside 5,000 turns under way. The
 * flags are part of the compile cache's name, so what is compiled ahead is compiled with the same ones.
 */
export const nodeFlags = ["--max-semi-space-size=8"];
