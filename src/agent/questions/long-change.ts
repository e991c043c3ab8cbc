/**
 * Which changes take so long that the agent has a thread for them: those with a large policy, which is read and compiled. A
 * check is part of the change that a fleet orders.
 */
import type { WireInput } from '../../api/wire.ts';
import type { AssignRequest } from '../../host/assign-policy.ts';
import { openContext } from '../../host/context.ts';
import type { Question } from './question.ts';

/** Bytes of text and of the files that it names: about 1,000 rules, which take some tenths of a second. */
const LONG = 1 << 17;

interface PolicySize {
  readonly text: string;
  readonly files: readonly { readonly length: number }[];
}

export function isLongChange({ name, asked: { body } }: Question): boolean {
  switch (name) {
    case 'assign': {
      const { name: policy, version } = body as AssignRequest;
      return isLong(storedSize(policy, version));
    }
    case 'check':
    case 'apply':
    case 'startAudit':
    case 'store':
      return isLong(sizeOf((body as { readonly input: WireInput }).input));
    default:
      return false;
  }
}

/** Does putting it in force take long? */
export function isLongPolicy(name: string, version: number): boolean {
  return isLong(storedSize(name, version));
}

function isLong(size: PolicySize | undefined): boolean {
  if (size === undefined) return false;
  return size.text.length + size.files.reduce((sum, { length }) => sum + length, 0) > LONG;
}

function sizeOf(input: WireInput): PolicySize | undefined {
  if ('stored' in input) return storedSize(input.stored, input.version);
  const files = Object.values(input.files).map((file) => ('base64' in file ? file.base64 : file.error));
  return { text: input.text, files };
}

/** undefined where it cannot be read: the change says why. */
function storedSize(name: string, version: number | undefined): PolicySize | undefined {
  try {
    const stored = openContext(() => undefined).store.read(name, version);
    return stored === undefined ? undefined : { text: stored.text, files: [...stored.setFiles.values()] };
  } catch {
    return undefined;
  }
}
