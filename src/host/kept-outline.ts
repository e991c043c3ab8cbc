/**
 * Outlines of large policies, kept beside their compiled forms so that their rules can be shown without the text being read:
 *
 *   <state>/cache/<policy hash>.outline
 *
 * Nothing is lost with them: see store/blob-cache.ts.
 */
import { join } from 'node:path';
import { messageOf } from '../base/message-of.ts';
import type { PolicyOutline } from '../policy/outline.ts';
import { BlobCache } from '../store/blob-cache.ts';
import { FILES_KEPT } from './compiled-cache.ts';
import type { HostContext } from './context.ts';
import { programVersion } from './program-version.ts';

/** Rules from which on one is kept: fewer are read in some tenths of a second. */
const LARGE = 2000;

function openCache({ store, report }: HostContext): BlobCache {
  return new BlobCache(join(store.directory, 'cache'), (text) => report({ kind: 'warning', text }));
}

function keyOf(hash: string): string {
  return `outline ${hash} ${programVersion()}`;
}

/** `hash` is that of the policy's text and files. */
export function readKeptOutline(context: HostContext, hash: string): PolicyOutline | undefined {
  const content = openCache(context).read(`${hash}.outline`, keyOf(hash));
  return content === undefined ? undefined : (JSON.parse(new TextDecoder().decode(content)) as PolicyOutline);
}

/** Is it worth keeping? */
export function isLarge({ rules }: { readonly rules: readonly unknown[] }): boolean {
  return rules.length >= LARGE;
}

/** A full disk costs whoever looks at the policy next some time, nothing else. */
export function keepOutline(context: HostContext, hash: string, outline: PolicyOutline): void {
  try {
    const cache = openCache(context);
    cache.write(`${hash}.outline`, keyOf(hash), new TextEncoder().encode(JSON.stringify(outline)));
    cache.prune(FILES_KEPT);
  } catch (error) {
    context.report({ kind: 'warning', text: `the outline of the policy was not kept: ${messageOf(error)}` });
  }
}
