/** Ports and protocols as text. */

import type { Diagnostics } from '../base/diagnostics.ts';
import { didYouMean } from '../base/suggest.ts';
import type { PortRange } from '../policy/model.ts';
import { ANY_PORT, PROTOCOLS } from '../policy/model.ts';
import type { Token } from './token.ts';

const MAX_PORT = ANY_PORT.hi;

/** Parses `80`, `8000-8080` or `any`. Reports to `diags` and returns undefined on bad input. */
export function parsePortRange(token: Token, diags: Diagnostics): PortRange | undefined {
  if (token.text === 'any' || token.text === '*') return ANY_PORT;
  const match = /^(?<lo>\d{1,9})(?:\s*-\s*(?<hi>\d{1,9}))?$/u.exec(token.text);
  if (match === null) {
    const message = `expected a port, a range or any, found "${token.text}"`;
    return diags.report('XP0110', token.span, message, 'write 80, 8000-8080 or any');
  }
  const lo = Number(match.groups?.['lo']);
  const hi = Number(match.groups?.['hi'] ?? lo);
  if (Math.max(lo, hi) > MAX_PORT) {
    return diags.report('XP0111', token.span, `port ${Math.max(lo, hi)} is above ${MAX_PORT}`);
  }
  if (lo > hi) {
    return diags.report('XP0112', token.span, `port range ${lo}-${hi} is empty`, `did you mean ${hi}-${lo}?`);
  }
  if (hi === 0 && match.groups?.['hi'] === undefined) {
    const help = 'write any for every port, or 0-0 for port zero itself';
    return diags.report('XP0113', token.span, '0 may mean any port or port zero', help);
  }
  return { lo, hi };
}

/** A protocol condition; no number is any protocol. */
export interface ProtocolMatch {
  readonly number: number | undefined;
}

/** Parses a lower-case protocol name, `any` or a number 0-255. */
export function parseProtocol(token: Token, diags: Diagnostics): ProtocolMatch | undefined {
  if (token.text === 'any') return { number: undefined };
  const known = Object.entries(PROTOCOLS).find(([name]) => name === token.text);
  if (known !== undefined) return { number: known[1] };
  if (/^\d+$/u.test(token.text)) return parseProtocolNumber(token, diags);
  const message = `expected any, tcp, udp, icmp, icmpv6, sctp or a number, found "${token.text}"`;
  return diags.report('XP0114', token.span, message, didYouMean(token.text, ['any', ...Object.keys(PROTOCOLS)]));
}

/** Parses a token of digits. */
export function parseProtocolNumber(token: Token, diags: Diagnostics): ProtocolMatch | undefined {
  const number = Number(token.text);
  if (number <= 255) return { number };
  return diags.report('XP0115', token.span, `protocol ${token.text} is above 255`);
}
