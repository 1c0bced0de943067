/**
 * The gateway's own certificate, and how two people tell that it is the same one.
 *
 * It is self-signed and made here at the first need; its key is in a file only the owner can read. Nobody vouches for it, so a
 * client trusts it by its fingerprint: pinned by a setup code, or compared by a person as five words. The room never decides
 * when TLS is spoken, and never hands the key to anybody but the listener.
 */
export { loadCertificate, rotateCertificate, type Certificate } from "./certificate/load-certificate.ts";
export { fingerprintOf, fingerprintWords, parseFingerprint, sameFingerprint } from "./certificate/fingerprint.ts";
