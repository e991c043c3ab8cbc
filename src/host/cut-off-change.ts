/** A command that is killed while it swaps leaves hooks of two generations: what arrives and what leaves meet two policies. */
import type { Attachment } from '../engine/survey.ts';

/** Hooks of these attachments whose generation is not the newest: each a sentence. Empty where all have one generation. */
export function findOldHooks(attachments: readonly Attachment[]): readonly string[] {
  const hooks = attachments.flatMap(({ name, hooks: own }) =>
    own.map(({ direction, generation }) => ({ where: `${name} ${direction}`, generation: generation?.generation })),
  );
  const newest = Math.max(0, ...hooks.map(({ generation }) => generation ?? 0));
  return hooks.flatMap(({ where, generation = newest }) =>
    generation === newest ? [] : [`${where} has generation ${generation}, and not ${newest}: a change was cut off`],
  );
}
