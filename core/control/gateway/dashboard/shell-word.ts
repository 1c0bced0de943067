/**
 * A word of a command that a person copies into a shell: quoted where the shell would read it as more than a word.
 *
 * Undefined for what no quoting makes safe to copy: control characters, which a page shows in another form than they have.
 */
export function formatShellWord(text: string): string | undefined {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text) && !text.startsWith("-")) return text;
  return /^[ -~]+$/.test(text) && !text.startsWith("-") ? `'${text.replaceAll("'", "'\\''")}'` : undefined;
}
