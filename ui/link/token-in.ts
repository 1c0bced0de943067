/** The token of a link: in its fragment, which browsers send to nobody. Undefined where there is none. */
export function tokenIn(link: string): string | undefined {
  return /[#&]pair=([\w-]{16,256})$/.exec(link.trim())?.[1];
}
