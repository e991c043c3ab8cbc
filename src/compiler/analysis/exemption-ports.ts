/** Exemptions that open ports: packets from elsewhere that an exemption passes and the policy would drop without it. */
import type { Exemption } from '../../policy/model.ts';
import type { DroppedOtherwise, DropSearch } from './dropped-otherwise.ts';
import { droppedOtherwise, fromElsewhere } from './dropped-otherwise.ts';
import type { Box, ExemptBox } from './universe.ts';
import { EXEMPT } from './universe.ts';

export interface OpenExemption extends DroppedOtherwise {
  readonly exemption: Exemption;
}

/** They open what their protocol needs, to whom it needs it, or no port at all. */
const NARROW: ReadonlySet<string> = new Set(['neighbor-discovery', 'multicast-listener', 'path-mtu', 'dhcp', 'rsvp']);

/** At most one for each exemption. */
export function openExemptions(context: DropSearch): readonly OpenExemption[] {
  const { policy } = context.universe;
  return policy.exemptions.flatMap((exemption) => {
    if (NARROW.has(exemption)) return [];
    const boxes = context.space.boxes.filter((box) => box.directed === undefined && box.owner === exemption);
    const dropped = firstDropped(
      boxes.filter((box) => box.directed === undefined),
      context,
    );
    return dropped === undefined ? [] : [{ ...dropped, exemption }];
  });
}

function firstDropped(boxes: readonly ExemptBox[], context: DropSearch): DroppedOtherwise | undefined {
  const { atoms, own } = context.space;
  const without = new Set<Box>(boxes);
  for (const box of boxes) {
    const local = box.destination === 0 && own !== undefined ? own : atoms.everything;
    const region = fromElsewhere(context.space, box, local);
    if (region === undefined) continue;
    const asked = { region, without, rank: EXEMPT, except: () => false, owner: undefined };
    const dropped = droppedOtherwise(asked, context);
    if (dropped !== undefined) return dropped;
  }
  return undefined;
}
