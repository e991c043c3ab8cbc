/** The verbs, objects and keys of `netsh ipsec static`, and what a shortened word stands for. */
import { didYouMean } from '../../base/suggest.ts';
import { NotTaken } from './not-taken.ts';

const OBJECTS = ['policy', 'filterlist', 'filter', 'filteraction', 'rule'] as const;
export type NetshObject = (typeof OBJECTS)[number];
const VERBS = ['add', 'set', 'delete'] as const;
export type NetshVerb = (typeof VERBS)[number];

/** Commands that neither permit nor block anything. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  ...['show', 'exportpolicy', 'help', '?'],
  ...['set store', 'set batch', 'set defaultrule', 'set interactive'],
]);

const NEGOTIATION = ['kerberos', 'psk', 'rootca'] as const;
const FILTER_ENDS = ['srcmask', 'dstmask', 'srcport', 'dstport'] as const;

/** In the order in which values without a key are taken. Keys that have no effect on permits and blocks are there too. */
const ADD_KEYS: Readonly<Record<NetshObject, readonly string[]>> = {
  policy: [
    ...['name', 'description', 'mmpfs', 'qmpermm', 'mmlifetime', 'activatedefaultrule', 'pollinginterval', 'assign'],
    'mmsecmethods',
  ],
  filterlist: ['name', 'description'],
  filter: ['filterlist', 'srcaddr', 'dstaddr', 'description', 'protocol', 'mirrored', ...FILTER_ENDS],
  filteraction: ['name', 'description', 'qmpfs', 'inpass', 'soft', 'action', 'qmsecmethods'],
  rule: [
    ...['name', 'policy', 'filterlist', 'filteraction', 'tunnel', 'conntype', 'activate', 'description'],
    ...NEGOTIATION,
  ],
};

const SET_KEYS: Readonly<Record<NetshObject, readonly string[]>> = {
  policy: [
    ...['name', 'newname', 'description', 'mmpfs', 'qmpermm', 'mmlifetime', 'activatedefaultrule', 'pollinginterval'],
    ...['assign', 'gponame', 'mmsecmethods'],
  ],
  filterlist: ['name', 'newname', 'description'],
  filter: ADD_KEYS.filter,
  filteraction: ['name', 'newname', 'description', 'qmpfs', 'inpass', 'soft', 'action', 'qmsecmethods'],
  rule: [
    ...['name', 'policy', 'newname', 'description', 'filterlist', 'filteraction', 'tunnel', 'conntype', 'activate'],
    ...NEGOTIATION,
  ],
};

const DELETE_KEYS: Readonly<Record<NetshObject, readonly string[]>> = {
  policy: ['name'],
  filterlist: ['name'],
  filter: ['filterlist', 'srcaddr', 'dstaddr', 'description', 'protocol', ...FILTER_ENDS, 'mirrored'],
  filteraction: ['name'],
  rule: ['name', 'policy'],
};

const KEYS = { add: ADD_KEYS, set: SET_KEYS, delete: DELETE_KEYS } as const;

export function keysOf(verb: NetshVerb, object: NetshObject): readonly string[] {
  return KEYS[verb][object];
}

/** The one word that `text` is or begins, in any case; `ambiguous` names those that it could be. */
function complete(
  text: string,
  words: readonly string[],
): { readonly word?: string; readonly ambiguous: readonly string[] } {
  const lower = text.toLowerCase();
  const [exact] = words.filter((word) => word === lower);
  if (exact !== undefined) return { word: exact, ambiguous: [] };
  const begun = lower === '' ? [] : words.filter((word) => word.startsWith(lower));
  const [only] = begun;
  return begun.length === 1 && only !== undefined ? { word: only, ambiguous: [] } : { ambiguous: begun };
}

/** `delete all`: of everything that a script can make. */
export function isDeleteAll(first = '', second = ''): boolean {
  return complete(first, VERBS).word === 'delete' && second.toLowerCase() === 'all';
}

/** Throws NotTaken where the words are no command that has to do with a policy. */
export function readVerbAndObject(first = '', second = ''): { readonly verb: NetshVerb; readonly object: NetshObject } {
  const verb = VERBS.find((known) => known === complete(first, VERBS).word);
  const object = OBJECTS.find((known) => known === complete(second, OBJECTS).word);
  if (verb !== undefined && object !== undefined) return { verb, object };
  const words = `${first} ${second}`.trim();
  const known = [...WITHOUT_EFFECT];
  const isQuestion = known.some((one) => one === first.toLowerCase() || one === words.toLowerCase());
  if (isQuestion || (first.length >= 2 && 'show'.startsWith(first.toLowerCase()))) {
    throw new NotTaken(`"${words}" changes no policy`, false);
  }
  throw new NotTaken(`"${words}" is not a command that import understands`);
}

/** Throws NotTaken where no key, or more than one, is meant. */
export function readKey(text: string, keys: readonly string[]): string {
  const { word, ambiguous } = complete(text, keys);
  if (word !== undefined) return word;
  if (ambiguous.length > 1) throw new NotTaken(`"${text}" can be ${ambiguous.join(' or ')}: write the whole key`);
  throw new NotTaken(`unknown key "${text}": ${didYouMean(text, keys) ?? `the keys are ${keys.join(', ')}`}`);
}
