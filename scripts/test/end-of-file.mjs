/**
 * Loaded into every process that runs a test file: a file that cannot come to its end is ended, and says what it still
 * held open. Without it one forgotten server would hold up the whole run, since a test's own time limit ends the test
 * but not its process.
 *
 * The timer keeps nothing alive; it fires only where something else does.
 */
const limitMs = Number(process.env["OPENCLAW_TEST_FILE_MS"] ?? "0");

// The process that starts the files loads this too; only theirs carry this mark.
if (limitMs > 0 && process.env["NODE_TEST_CONTEXT"] !== undefined) {
  setTimeout(() => {
    const open = [...new Set(process.getActiveResourcesInfo())].join(", ");
    process.stderr.write(`The file did not come to its end within ${limitMs / 1000} s. Still open: ${open}.\n`, () => process.exit(1));
  }, limitMs).unref();
}
