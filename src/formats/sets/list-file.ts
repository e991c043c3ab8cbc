/** Lists of addresses in the forms that they are published in: see docs/policy.md. */
import type { Diagnostics } from '../../base/diagnostics.ts';
import { spanOfFile } from '../../base/diagnostics.ts';
import type { PrefixSet } from '../../policy/prefix-set.ts';
import { prefixSetOf } from '../../policy/prefix-set.ts';
import { detectList } from './detect.ts';
import { readIpsetSave } from './ipset.ts';
import { readJsonList } from './json-list.ts';
import { readLines } from './lines.ts';
import { ListCollector } from './list-collector.ts';
import type { ListOptions } from './list-options.ts';
import { readNftElements } from './nft.ts';

/** Reads a whole list. Entries with errors are reported and left out. `onProgress` gets the bytes that are done. */
export function readAddressList(
  file: string,
  bytes: Uint8Array,
  options: ListOptions,
  diags: Diagnostics,
  onProgress?: (done: number) => void,
): PrefixSet {
  const detected = detectList(bytes);
  if (detected.kind === 'other') {
    diags.report('XP0208', spanOfFile(file), `${file} is ${detected.what}, and no list of addresses`, detected.help);
    return prefixSetOf([]);
  }
  const format = options.format === 'auto' ? detected.format : options.format;
  const list = new ListCollector(file, diags);
  switch (format) {
    case 'ipset':
      readIpsetSave(textOf(bytes), list);
      break;
    case 'nft':
      readNftElements(textOf(bytes), list);
      break;
    case 'json':
      readJsonList(textOf(bytes), options.field, list);
      break;
    default:
      readLines(bytes, { format, column: options.column }, list, onProgress);
  }
  return list.finish();
}

/** Without a byte order mark. What is not UTF-8 is no address anyway. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
