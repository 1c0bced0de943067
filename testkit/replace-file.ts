import { rename, writeFile } from "node:fs/promises";

/** As an editor does that writes beside and renames: whoever watches the file reads what was or what is, and nothing between. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
