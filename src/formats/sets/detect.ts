/** What a file looks like from its first bytes. */
import { isUtf16 } from '../named-file.ts';
import type { ListFormat } from './list-options.ts';

export type Detected =
  | { readonly kind: 'list'; readonly format: Exclude<ListFormat, 'auto'> }
  /** No list at all; `what` completes "it is". */
  | { readonly kind: 'other'; readonly what: string; readonly help: string };

const HEAD_BYTES = 8192;
const UNPACK = 'unpack it first';
const PACKED: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ['a gzip file', [0x1f, 0x8b]],
  ['a ZIP archive', [0x50, 0x4b, 0x03, 0x04]],
  ['a bzip2 file', [0x42, 0x5a, 0x68]],
  ['an xz file', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['a Zstandard file', [0x28, 0xb5, 0x2f, 0xfd]],
];
const P2P = /^(?!\s*[\d.]+\s*-)[^\n]*:\s*\d+\.\d+\.\d+\.\d+\s*-\s*\d+\.\d+\.\d+\.\d+\s*$/u;
const HOSTS = /^(?:127\.\d+\.\d+\.\d+|0\.0\.0\.0|::1|::)\s+[a-z0-9_][a-z0-9_.-]*[a-z]/iu;

export function detectList(bytes: Uint8Array): Detected {
  const packed = PACKED.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte));
  if (packed !== undefined) return { kind: 'other', what: packed[0], help: UNPACK };
  if (isUtf16(bytes)) {
    return { kind: 'other', what: 'UTF-16 text', help: 'save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8' };
  }
  const head = bytes.subarray(0, HEAD_BYTES);
  if (head.includes(0)) return { kind: 'other', what: 'binary data', help: 'name a text file with one address a line' };
  const text = new TextDecoder().decode(head);
  const first = firstLine(text);
  if (/^<(?:!doctype|html|head|body|\?xml|!--|[a-z]+[\s>])/iu.test(first)) {
    const what = /^<\?xml/iu.test(first) ? 'an XML file' : 'an HTML page';
    return { kind: 'other', what, help: 'a server may have answered with a page instead of the list: fetch it again' };
  }
  return { kind: 'list', format: formatOf(first, text) };
}

/** That is no comment. */
function firstLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !/^[#;]/u.test(line)) ?? '';
}

function formatOf(first: string, text: string): Exclude<ListFormat, 'auto'> {
  if (/^[[{]/u.test(first) && !/^\[[\da-f:.]+\]/iu.test(first)) return 'json';
  if (/^(?:create|add)\s+\S+\s+\S/u.test(first) && !first.includes('{')) return 'ipset';
  if (/^(?:table|set|map|add element|define|elements\s*=)/u.test(first) && text.includes('{')) return 'nft';
  if (P2P.test(first)) return 'p2p';
  return HOSTS.test(first) ? 'hosts' : 'lines';
}
