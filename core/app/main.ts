/**
 * The program's entry. Turns the compile cache on before anything else is loaded: without it, each start would strip the
 * types from every file again, which costs several times what a command costs.
 */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Where the environment names a cache already, that one stays; where the directory cannot be written, there is none.
enableCompileCache(fileURLToPath(new URL("../../.cache/compile", import.meta.url)));
const { runCommandLine } = await import("./command-line.ts");
process.exit(await runCommandLine(process.argv.slice(2)));
