/**
 * Generators for property tests. Policies are dense: few address bits and few ports, so that filters nest, cross and
 * tie. Packets sit on the edges of the policy's own prefixes and ranges and one off them; uniform ones match nothing.
 */
import type fc from 'fast-check';
import type { HostAddresses, Policy } from '../../src/policy/model.ts';
import { frameNear, packetNear } from './arbitrary-packets.ts';
import { policy, TEST_HOST } from './arbitrary-policy.ts';
import type { TestPacket } from './packets.ts';

export { TEST_HOST, TEST_INTERFACES } from './arbitrary-policy.ts';

export interface Arb {
  /** Its `me`, names and interfaces are those of TEST_HOST and TEST_INTERFACES. */
  readonly policy: () => fc.Arbitrary<Policy>;
  /** Frames that decode. */
  readonly packetNear: (policy: Policy, host?: HostAddresses) => fc.Arbitrary<TestPacket>;
  /** Frames that may not decode: wrong lengths, cuts, too many tags or extension headers, flipped bytes, noise. */
  readonly frameNear: (policy: Policy, host?: HostAddresses) => fc.Arbitrary<TestPacket>;
}

export const arb: Arb = {
  policy,
  packetNear: (near, host = TEST_HOST) => packetNear(near, host),
  frameNear: (near, host = TEST_HOST) => frameNear(near, host),
};
