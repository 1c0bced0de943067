/**
 * The fingerprint of a certificate, for machines as hex and for people as words.
 *
 * The words are five of five letters, each of two bytes: consonants and vowels in turn, so that they can be said over a
 * telephone. They hold 80 bits of a hash of the fingerprint: nobody makes a certificate that shares them.
 */
import { createHash, timingSafeEqual } from "node:crypto";

const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aiou";
const WORDS = 5;

/** Lowercase hex SHA-256 of the certificate's DER. */
export function fingerprintOf(certificate: Uint8Array): string {
  return createHash("sha256").update(certificate).digest("hex");
}

/** As anybody writes it: with colons, in capitals, after `sha256:`. Undefined for what is no SHA-256. */
export function parseFingerprint(text: string): string | undefined {
  const bare = text.trim().toLowerCase().replace(/^sha-?256[:/= ]*/, "").replace(/[:\s-]/g, "");
  return /^[0-9a-f]{64}$/.test(bare) ? bare : undefined;
}

export function sameFingerprint(a: string, b: string): boolean {
  const [left, right] = [parseFingerprint(a), parseFingerprint(b)];
  return left !== undefined && right !== undefined && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}

/** The same five words on both machines, or somebody sits in between. */
export function fingerprintWords(fingerprint: string): readonly string[] {
  const bare = parseFingerprint(fingerprint);
  if (bare === undefined) throw new TypeError("not a SHA-256 fingerprint");
  const digest = createHash("sha256").update(`openclaw words\n${bare}`).digest();
  return Array.from({ length: WORDS }, (_, at) => wordOf(digest.readUInt16BE(at * 2)));
}

function wordOf(value: number): string {
  const consonant = (shift: number): string => CONSONANTS[(value >> shift) & 0xf] as string;
  const vowel = (shift: number): string => VOWELS[(value >> shift) & 0x3] as string;
  return consonant(12) + vowel(10) + consonant(6) + vowel(4) + consonant(0);
}
