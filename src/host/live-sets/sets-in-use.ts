/** Live sets that programs ask for: those of a policy that was replaced keep their members and wait for another one. */
import { findCandidate } from '../../engine/audit/candidate.ts';
import type { Attachment } from '../../engine/survey.ts';
import { readAttachments } from '../../engine/survey.ts';
import type { DeclaredSet } from '../../store/store.ts';

/** Those of `declared` that policies in force or on trial have. */
export function setsInUse(
  declared: readonly DeclaredSet[],
  attachments: () => readonly Attachment[] = readAttachments,
): readonly DeclaredSet[] {
  if (declared.length === 0) return [];
  const generations = attachments().flatMap(({ hooks, directory }) => {
    using candidate = findCandidate(directory);
    return [...hooks.map(({ generation }) => generation), candidate?.generation].filter((one) => one !== undefined);
  });
  const hashes = new Set(generations.map(({ hash }) => hash));
  return declared.filter(({ hash }) => hash !== undefined && hashes.has(hash));
}
