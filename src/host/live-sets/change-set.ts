/** Adding members to a live set and taking them out, while the policy stays in force. */
import { EnvironmentError } from '../../base/environment-error.ts';
import type { PrefixSet } from '../../policy/prefix-set.ts';
import { prefixesOf, prefixSetOf } from '../../policy/prefix-set.ts';
import type { HostContext } from '../context.ts';
import { requireDeclared, requireNoFeed } from './declared-set.ts';
import { openKernelSets } from './kernel-members.ts';
import { listNeverBanned } from './never-banned.ts';
import type { MemberList } from './policy-members.ts';
import { readMemberList } from './policy-members.ts';
import type { Adding, SetChangeOutcome } from './set-work.ts';
import { SetWork } from './set-work.ts';

export type { RefusedAs, RefusedMember, SetChangeOutcome } from './set-work.ts';

export interface SetChangeRequest extends Adding {
  readonly set: string;
  /** `load`: the set has these members afterwards, and no others. */
  readonly change: 'add' | 'remove' | 'clear' | 'load';
  /** Addresses, prefixes and ranges. */
  readonly list?: MemberList | undefined;
}

const LONGEST_NOTE = 200;

/** Throws PolicyRejected where the list has errors; then nothing is changed. */
export async function changeSet(context: HostContext, request: SetChangeRequest): Promise<SetChangeOutcome> {
  const { note = '' } = request;
  if (note.length > LONGEST_NOTE) {
    throw new EnvironmentError('XDPOL_E_SET', `the note has ${note.length} characters, more than ${LONGEST_NOTE}`, {
      help: 'write a shorter one',
    });
  }
  const wanted = request.list === undefined ? prefixSetOf([]) : readMemberList(request.list);
  const gives = request.change === 'add' || request.change === 'load';
  const never = gives ? await listNeverBanned(context) : [];
  using _lock = context.store.lockForMembers();
  const declared = requireDeclared(context, request.set);
  if (gives) requireNoFeed(declared);
  const kernel = openKernelSets();
  const work = new SetWork(context, declared, kernel, declared.blocks ? never : []);
  carryOut(work, request, wanted);
  return work.finish();
}

function carryOut(work: SetWork, request: SetChangeRequest, wanted: PrefixSet): void {
  switch (request.change) {
    case 'add':
      work.add(prefixesOf(wanted), request);
      break;
    case 'remove':
      work.remove(prefixesOf(wanted));
      break;
    case 'clear':
      work.clear();
      break;
    case 'load':
      work.load(prefixesOf(wanted), request);
  }
}
