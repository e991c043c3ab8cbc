/** What is assigned: one record. */
import { fieldsOf, isText, isTextList, jsonBytes, parseJson } from './json-fields.ts';

export interface Assignment {
  readonly policy: string;
  readonly version: number;
  /** SHA-256 of the text and its set files, hex. */
  readonly hash: string;
  readonly interfaces: readonly string[];
  readonly mode: 'native' | 'generic' | 'auto';
  /** What leaves is not filtered, by choice. */
  readonly ingressOnly?: true;
  /** Those of the interfaces whose arrivals are filtered at tcx, not at XDP. */
  readonly tcx?: readonly string[];
  /** ISO 8601, UTC. */
  readonly at: string;
}

export function encodeAssignment(assignment: Assignment): Uint8Array {
  return jsonBytes(assignment);
}

/** undefined where the text is not a record of an assignment. */
export function decodeAssignment(text: string): Assignment | undefined {
  const value = parseJson(text);
  const fields = fieldsOf<Assignment>(value);
  const { policy, version, hash, interfaces, mode, ingressOnly, tcx = [], at } = fields;
  const texts = [policy, hash, at].every(isText);
  const names = [interfaces, tcx].every(isTextList);
  const modes: readonly unknown[] = ['native', 'generic', 'auto'];
  const attaching = modes.includes(mode) && (ingressOnly === undefined || ingressOnly === true);
  return texts && names && Number.isSafeInteger(version) && attaching ? (value as Assignment) : undefined;
}
