/** Looks for bytes in every file of a directory, however they might be written down. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** Paths, relative to `dir`, of the files that hold the secret: as it is, in hex, in base64 at any alignment, or in UTF-16. */
export async function filesWith(dir: string, secret: string | Uint8Array): Promise<readonly string[]> {
  const bytes = Buffer.from(secret as string);
  const needles = [bytes, ...(bytes.length < 8 ? [] : written(bytes))];
  const found: string[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = await readFile(path).catch(() => Buffer.alloc(0)); // removed in between: then it holds nothing
    if (needles.some((needle) => content.includes(needle))) found.push(relative(dir, path));
  }
  return found.sort();
}

function written(bytes: Buffer): readonly Buffer[] {
  const hex = bytes.toString("hex");
  const forms = [hex, hex.toUpperCase()];
  for (const shift of [0, 1, 2]) {
    // Without the characters at both ends, which depend on the neighbours.
    const middle = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64").replace(/=+$/, "").slice(shift + (shift > 0 ? 1 : 0), -2);
    forms.push(middle, middle.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return [...forms.map((form) => Buffer.from(form, "latin1")), Buffer.from(bytes.toString("utf8"), "utf16le")];
}
