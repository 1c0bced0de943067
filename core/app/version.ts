/** The program's version and how it is called: what every surface shows. */
import { readFileSync } from "node:fs";

const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

export const VERSION =
  typeof manifest === "object" && manifest !== null && "version" in manifest && typeof manifest.version === "string"
    ? manifest.version
    : "0.0.0";

/** An installed program is compiled. In a clone npm finds the command; elsewhere `npx openclaw` is another program. */
export const IS_INSTALLED = !import.meta.filename.endsWith(".ts");
export const COMMAND = IS_INSTALLED ? "openclaw" : "npx openclaw";
