/** Why another host does not answer, and what to do about it. */
import { isForeignCertificate } from '../api/foreign-certificate.ts';
import type { TlsAddress } from '../api/request.ts';
import { EnvironmentError } from '../base/environment-error.ts';

interface Reason {
  readonly found: string;
  readonly help: string;
}

const CLOCKS = 'see whether the clocks of both hosts are right';
const RENEW = 'where the authority is: xdpol pki list, and xdpol pki renew NAME for one that has ended';

/** By the code of Node or OpenSSL. */
const REASONS: Readonly<Record<string, (url: string) => Reason>> = {
  ECONNREFUSED: (url) => ({
    found: `nothing answers at ${url}`,
    help: 'on that host, set api.listen in /etc/xdpol/config.yaml and start the agent; its log says more',
  }),
  ENOTFOUND: (url) => ({ found: `${url} has a name that is not found`, help: 'correct it: xdpol host add NAME URL' }),
  EAI_AGAIN: (url) => ({ found: `the name in ${url} cannot be looked up now`, help: 'see whether DNS works' }),
  ETIMEDOUT: (url) => ({
    found: `${url} does not answer in time`,
    help: 'see whether the host is up, and whether a filter on the way permits the port',
  }),
  EHOSTUNREACH: (url) => ({ found: `there is no way to ${url}`, help: 'see: ip route get ADDRESS' }),
  ENETUNREACH: (url) => ({ found: `there is no way to ${url}`, help: 'see: ip route get ADDRESS' }),
  CERT_HAS_EXPIRED: (url) => ({ found: `the certificate of ${url} has ended`, help: `${CLOCKS}; ${RENEW}` }),
  CERT_REVOKED: (url) => ({
    found: `the certificate of ${url} is revoked`,
    help: 'do not use the host before you know why; then: xdpol pki issue host NAME',
  }),
  CERT_NOT_YET_VALID: (url) => ({
    found: `the certificate of ${url} is not valid yet`,
    help: CLOCKS,
  }),
  ERR_TLS_CERT_ALTNAME_INVALID: (url) => ({
    found: `the certificate at ${url} is for another host`,
    help: 'reach it by a name that its certificate has, or issue one with --address: xdpol pki issue host',
  }),
};

function reasonFor(code: string, url: string): Reason {
  const known = REASONS[code];
  if (known !== undefined) return known(url);
  if (isForeignCertificate(code)) {
    return {
      found: `the certificate of ${url} is of another authority than ca.crt or crl.pem here`,
      help: 'take both files of the authority that has issued both certificates',
    };
  }
  if (code === 'ECONNRESET' || code === 'EPIPE' || code.startsWith('ERR_SSL')) {
    const found = `${url} ends the connection (${code}): it does not take the certificate of this user`;
    return { found, help: `see whether it has ended or is revoked; ${CLOCKS}; ${RENEW}` };
  }
  return { found: `${url} cannot be reached: ${code}`, help: 'see whether the host is up and the address right' };
}

export function describeUnreachable({ name, url }: TlsAddress, code: string): EnvironmentError {
  const { found, help } = reasonFor(code, url.origin);
  return new EnvironmentError('XDPOL_E_UNREACHABLE', `${name}: ${found}`, { help });
}
