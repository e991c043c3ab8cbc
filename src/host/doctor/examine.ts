/** Runs doctor's checks over facts. */
import type { HostFacts, InterfaceFacts } from './doctor-facts.ts';
import type { Finding } from './finding.ts';
import { HOST_CHECKS } from './host-checks.ts';
import { INTERFACE_CHECKS } from './interface-checks.ts';

export function examineHost(facts: HostFacts): readonly Finding[] {
  return Object.entries(HOST_CHECKS).flatMap(([check, run]) => run(facts).map((found) => ({ check, ...found })));
}

export function examineInterface(facts: InterfaceFacts): readonly Finding[] {
  const { name } = facts.device;
  return Object.entries(INTERFACE_CHECKS).flatMap(([check, run]) =>
    run(facts).map((found) => ({ check, interface: name, ...found })),
  );
}
