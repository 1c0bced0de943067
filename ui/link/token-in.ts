/**
 * What lets a browser in, out of whatever a person pastes: the link (the token is in its fragment, which browsers send to nobody), or a
 * setup code, with or without its `oc-pair://`. Undefined where there is none.
 */
export function tokenIn(pasted: string): string | undefined {
  const text = pasted.trim();
  return /[#&]pair=([\w-]{16,256})$/.exec(text)?.[1] ?? tokenOfCode(text);
}

const CODE = /^(?:oc-pair:\/\/)?([\w-]{32,8192})\/?$/;

function tokenOfCode(text: string): string | undefined {
  const code = CODE.exec(text)?.[1];
  if (code === undefined) return undefined;
  try {
    const { bootstrapToken } = JSON.parse(atob(code.replaceAll("-", "+").replaceAll("_", "/"))) as { readonly bootstrapToken?: unknown };
    return typeof bootstrapToken === "string" && /^[\w-]{16,256}$/.test(bootstrapToken) ? bootstrapToken : undefined;
  } catch {
    return undefined; // letters that are no code
  }
}
