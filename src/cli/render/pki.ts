/** Certificates that an authority has issued. */
import type { ListedCertificate } from '../../pki/authority.ts';
import { table } from './table.ts';

const TITLES = ['NAME', 'KIND', 'ROLE', 'STATE', 'UNTIL', 'SERIAL'];
/** A certificate that ends within this number of days is reported as ending soon. */
const SOON = 30;
const DAY = 86_400_000;

function stateOf({ revokedAt, notAfter }: ListedCertificate, now: Date): string {
  if (revokedAt !== undefined) return 'revoked';
  if (notAfter <= now) return 'expired';
  return notAfter.getTime() - now.getTime() < SOON * DAY ? 'ends soon' : 'valid';
}

export function pkiLines(certificates: readonly ListedCertificate[], now: Date): string {
  const rows = certificates.map((certificate) => {
    const { holder, notAfter, serial } = certificate;
    const role = holder.kind === 'operator' ? holder.role : '';
    return [holder.name, holder.kind, role, stateOf(certificate, now), notAfter.toISOString().slice(0, 10), serial];
  });
  return table(
    TITLES.map((title) => ({ title })),
    rows,
  );
}

/** As `pki list --json` has it. */
export function pkiJson({
  holder,
  serial,
  notBefore,
  notAfter,
  revokedAt,
}: ListedCertificate): Readonly<Record<string, unknown>> {
  return {
    name: holder.name,
    kind: holder.kind,
    role: holder.kind === 'operator' ? holder.role : null,
    addresses: holder.kind === 'host' ? holder.addresses : [],
    serial,
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
