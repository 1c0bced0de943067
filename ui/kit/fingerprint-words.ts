/**
 * A fingerprint as five words that can be said over a telephone: the same on both sides, or somebody sits in between. The gateway and
 * the command line make the same ones of the same fingerprint.
 */
const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aiou";
const WORDS = 5;

/** Of 64 hex digits; none for anything else. */
export async function fingerprintWords(fingerprint: string): Promise<readonly string[]> {
  const bare = fingerprint.toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(bare)) return [];
  const digest = new DataView(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`openclaw words\n${bare}`)));
  return Array.from({ length: WORDS }, (_, at) => wordOf(digest.getUint16(at * 2)));
}

function wordOf(value: number): string {
  const consonant = (shift: number): string => CONSONANTS[(value >> shift) & 0xf] ?? "";
  const vowel = (shift: number): string => VOWELS[(value >> shift) & 0x3] ?? "";
  return consonant(12) + vowel(10) + consonant(6) + vowel(4) + consonant(0);
}
