/** Service names as ports: what is looked up, and what is reported where a name is not found. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { findClosest } from '../../base/suggest.ts';
import type { PortRange } from '../../policy/model.ts';
import { protocolName } from '../../policy/ports.ts';
import type { NamedFiles } from '../named-file.ts';
import type { Services } from '../services.ts';
import { readServices, SERVICES_FILE } from '../services.ts';
import type { Token } from '../token.ts';

/** Letters, digits and dashes with a letter among them (RFC 6335), and what older names have besides. */
const SERVICE_NAME = /^(?=.*[a-z])[a-z0-9][a-z0-9._+/-]*$/iu;

export function looksLikeService(text: string): boolean {
  return SERVICE_NAME.test(text);
}

/** The file is read when the first name is looked up. */
export class ServiceScope {
  readonly #files: NamedFiles;
  #services: Services | { readonly error: string } | undefined;

  constructor(files: NamedFiles) {
    this.#files = files;
  }

  /** The port of the name for the protocol; reports and returns undefined where there is none. */
  port(token: Token, protocol: number | undefined, diags: Diagnostics): PortRange | undefined {
    this.#services ??= this.#read();
    if ('error' in this.#services) {
      const message = `"${token.text}" is the name of a service, and ${SERVICES_FILE} cannot be read: ${this.#services.error}`;
      return diags.report('XP0118', token.span, message, 'write the number of the port');
    }
    const ports = this.#services.get(token.text.toLowerCase());
    if (ports === undefined) {
      const nearest = findClosest(token.text, this.#services.keys());
      const help = nearest === undefined ? 'write 80, 8000-8080, any or a service name' : `did you mean ${nearest}?`;
      return diags.report('XP0110', token.span, `there is no service "${token.text}" in ${SERVICES_FILE}`, help);
    }
    const port = protocol === undefined ? undefined : ports.get(protocol);
    if (port !== undefined) return { lo: port, hi: port };
    const known = [...ports].map(([number, one]) => `${protocolName(number)} ${one}`).join(', ');
    const wanted = protocol === undefined ? 'no protocol is named' : `it has no port of ${protocolName(protocol)}`;
    return diags.report('XP0118', token.span, `service "${token.text}" is ${known}: ${wanted}`, 'write the number');
  }

  #read(): Services | { readonly error: string } {
    const content = this.#files.text(SERVICES_FILE);
    return typeof content === 'string' ? readServices(content) : content;
  }
}
