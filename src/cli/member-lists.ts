/** Lists of members of live sets, as the command line names them. */
import { Option } from 'commander';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Unreadable } from '../formats/named-file.ts';
import { MAX_LIST_BYTES } from '../formats/named-file.ts';
import type { GivenMembers, MemberList } from '../host/live-sets/policy-members.ts';
import { inflate, readRegularFile } from '../host/read-regular-file.ts';

/** Unpacked where it is gzip. `name` is for messages. */
export function memberList(name: string, packed: Uint8Array | Unreadable): MemberList {
  const isPacked = packed instanceof Uint8Array && packed[0] === 0x1f && packed[1] === 0x8b;
  const bytes = isPacked ? inflate(packed, MAX_LIST_BYTES) : packed;
  if (bytes instanceof Uint8Array) return { name, text: new TextDecoder().decode(bytes) };
  throw new EnvironmentError('XDPOL_E_FILE', `cannot read ${name}: ${bytes.error}`, {
    help: bytes.help ?? 'name a list of addresses, or - for standard input',
  });
}

export function readMemberFile(path: string): MemberList {
  return memberList(path, readRegularFile(path));
}

const NAMED = /^(?<set>[A-Za-z0-9_][A-Za-z0-9_.-]*)=(?<path>.+)$/u;

function readGiven(value: string): GivenMembers {
  const { set, path = value } = NAMED.exec(value)?.groups ?? {};
  return { set, list: readMemberFile(path) };
}

export interface MembersOptions {
  readonly members?: readonly GivenMembers[];
}

export function membersOption(): Option {
  return new Option(
    '--members <file>',
    'a list of members for a live set, as FILE or SET=FILE; may be repeated (default: those of now)',
  ).argParser((value: string, before: readonly GivenMembers[] = []) => [...before, readGiven(value)]);
}
