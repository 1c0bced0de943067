/**
 * Text as a QR code: for a telephone's camera, on a page, in a picture, in a terminal.
 *
 * Encodes bytes at error correction level M, in the smallest version that holds them. It never reads a code.
 */
export { encodeQr, type QrCode } from "./qr/encode-qr.ts";
export { qrToPngDataUrl, qrToSvg, qrToText } from "./qr/draw-qr.ts";
