/** Codes of Node and OpenSSL for a certificate of another authority than the one that is trusted here. */
const FOREIGN: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'UNABLE_TO_GET_CRL',
]);

export function isForeignCertificate(code: unknown): boolean {
  return typeof code === 'string' && FOREIGN.has(code);
}
