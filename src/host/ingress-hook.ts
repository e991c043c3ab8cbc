/** Which interfaces have their arrivals filtered at tcx. */
import { EnvironmentError } from '../base/environment-error.ts';
import type { IngressHook } from '../engine/attach.ts';
import type { Attachment } from '../engine/survey.ts';
import { readAttachments } from '../engine/survey.ts';
import type { Attaching } from './put-in-force.ts';

interface Wish {
  /** Interfaces that the hook was asked for. */
  readonly interfaces: readonly string[];
  readonly hook?: IngressHook | undefined;
  /** As it was before. */
  readonly attaching: Attaching;
}

function hookNow({ hooks }: Attachment): IngressHook | undefined {
  const held = hooks.find(({ direction }) => direction === 'ingress');
  if (held === undefined) return undefined;
  return held.kind === 'xdp' ? 'xdp' : 'tcx';
}

/**
 * Those of `names`. A running filter stays at its hook: a change would leave a gap, or filter and count each packet twice,
 * and is refused before anything is touched.
 */
export function namesAtTcx(
  names: readonly string[],
  { interfaces, hook, attaching: { tcx = [] } }: Wish,
): readonly string[] {
  const attachments = new Map(readAttachments().map((attachment) => [attachment.name, attachment]));
  const isAtTcx = (name: string): boolean => {
    const attachment = attachments.get(name);
    const held = attachment === undefined ? undefined : hookNow(attachment);
    const asked = interfaces.includes(name) ? hook : undefined;
    if (held === undefined) return asked === undefined ? tcx.includes(name) : asked === 'tcx';
    if (asked !== undefined && asked !== held) throw hookChange(name, held, asked);
    return held === 'tcx';
  };
  return names.filter(isAtTcx);
}

function hookChange(name: string, held: IngressHook, asked: IngressHook): EnvironmentError {
  return new EnvironmentError(
    'XDPOL_E_HOOK_CHANGE',
    `${name}: what arrives is filtered at ${held}, and a running filter cannot change to ${asked}`,
    { help: 'leave --hook out to keep it; or accept a gap: xdpol unassign, then apply again' },
  );
}
