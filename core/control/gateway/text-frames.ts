/** Texts as the frames a server sends (RFC 6455, section 5.2): final, unmasked, uncompressed; one after another in one buffer. */
const FINAL_TEXT = 0x81;
const TWO_BYTES = 126;
const EIGHT_BYTES = 127;

export function textFrames(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const frames = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + headBytes(length) + length, 0));
  let at = 0;
  texts.forEach((text, index) => {
    const length = lengths[index] ?? 0;
    frames[at] = FINAL_TEXT;
    if (length < TWO_BYTES) frames[at + 1] = length;
    else if (length <= 0xffff) {
      frames[at + 1] = TWO_BYTES;
      frames.writeUInt16BE(length, at + 2);
    } else {
      frames[at + 1] = EIGHT_BYTES;
      frames.writeUIntBE(0, at + 2, 2);
      frames.writeUIntBE(length, at + 4, 6);
    }
    at += headBytes(length);
    at += frames.write(text, at);
  });
  return frames;
}

function headBytes(length: number): number {
  return length < TWO_BYTES ? 2 : length <= 0xffff ? 4 : 10;
}
