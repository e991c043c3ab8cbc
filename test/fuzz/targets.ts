/** What is done with an input: read it as what it pretends to be, and hold the reader to its promises. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { assert, present } from '../../src/base/assert.ts';
import { CODES } from '../../src/base/codes/catalogue.ts';
import { Diagnostics } from '../../src/base/diagnostics.ts';
import { decodeText } from '../../src/cli/commands/import.ts';
import { renderDiagnostics } from '../../src/cli/render/diagnostics.ts';
import { CaptureError, readCapture } from '../../src/engine/capture/read-capture.ts';
import { readChart } from '../../src/formats/chart/chart.ts';
import { parseFilterSpec } from '../../src/formats/filterspec.ts';
import { printIpsecpol } from '../../src/formats/ipsecpol/print.ts';
import { readScript } from '../../src/formats/netsh/script.ts';
import { looksLikeScript } from '../../src/formats/netsh/script-lines.ts';
import { readAddressList } from '../../src/formats/sets/list-file.ts';
import { PLAIN_LIST } from '../../src/formats/sets/list-options.ts';
import { tokenOf } from '../../src/formats/token.ts';
import { formatPolicyText } from '../../src/formats/yaml/format.ts';
import schema from '../../src/formats/yaml/policy.schema.json' with { type: 'json' };
import { readPolicy } from '../../src/formats/yaml/policy-reader.ts';
import { printFilterSpec, printPolicy } from '../../src/formats/yaml/print.ts';
import { decodePacket } from '../../src/policy/packet/decode.ts';
import { formatPacket, parsePacketText } from '../../src/policy/packet/text.ts';
import type { FuzzInput, Target } from './inputs.ts';

/** Resolves to true where the reader took the input. Throws where it breaks a promise. */
type Run = (bytes: Uint8Array) => boolean | Promise<boolean>;

const SET_TEXT = '10.0.0.1\n2001:db8::/32\n';
const decoder = new TextDecoder();

/** Diagnostics are in the catalogue, point into their lines and can be shown. */
function checkDiagnostics(diags: Diagnostics): void {
  for (const { code, severity, span } of diags.all) {
    assert(CODES[code]?.severity === severity, `${code} is reported as ${severity}`);
    assert(span.line > 0 && span.column > 0 && span.length > 0, `${code} has no place`);
    assert(span.column <= span.lineText.length + 1, `${code} points behind its line`);
  }
  assert(renderDiagnostics(diags.all, { color: false }) !== '' || diags.all.length === 0, 'diagnostics without a text');
}

/** A diagnostic quotes the line that it points to. */
function checkLines(text: string, diags: Diagnostics): void {
  const lines = text.split(/\r?\n/u);
  for (const { code, span } of diags.all) {
    assert(span.lineText === '' || lines[span.line - 1] === span.lineText, `${code} quotes another line`);
  }
}

const ajv = new Ajv2020({ allowUnionTypes: true });
ajv.addVocabulary(['x-expected']);
const isOfSchema = ajv.compile(schema);

function policyFrom(text: string, diags: Diagnostics): ReturnType<typeof readPolicy> {
  const readSetFile = (path: string): string | { readonly error: string } =>
    path === 'set.txt' ? SET_TEXT : { error: 'ENOENT' };
  return readPolicy({ file: 'fuzz.yaml', text, readSetFile }, diags);
}

/** One input in four: printing and formatting take most of the time. */
function isPicked(bytes: Uint8Array): boolean {
  return bytes.reduce((sum, byte) => sum + byte, 0) % 4 === 0;
}

function runPolicy(bytes: Uint8Array): boolean {
  const text = decoder.decode(bytes);
  const diags = new Diagnostics();
  const policy = policyFrom(text, diags);
  assert((policy === undefined) === diags.failed, 'a policy comes out exactly where there is no error');
  checkDiagnostics(diags);
  checkLines(text, diags);
  if (isPicked(bytes)) checkFormat(text);
  if (policy === undefined) return false;
  assert(isOfSchema(parse(text)), 'what the reader takes is of the schema');
  if (!isPicked(bytes)) return true;
  const printed = printPolicy(policy);
  const again = policyFrom(printed, new Diagnostics());
  assert(again !== undefined, 'a printed policy can be read');
  assert(printPolicy(present(again)) === printed, 'a printed policy reads back as the same');
  const problems = new Diagnostics();
  printIpsecpol(policy, problems);
  checkDiagnostics(problems);
  return true;
}

/** Formatting twice is formatting once; it is refused only with a diagnostic. */
function checkFormat(text: string): void {
  for (const format of ['yaml', 'json'] as const) {
    const diags = new Diagnostics();
    const once = formatPolicyText('fuzz.yaml', text, format, diags);
    assert((once === undefined) === diags.failed, 'a text that is not formatted has a diagnostic');
    if (once === undefined) continue;
    const twice = formatPolicyText('fuzz.yaml', once.text, format, new Diagnostics());
    assert(twice?.text === once.text, `formatting ${format} twice is formatting it once`);
  }
}

function runFilterSpec(bytes: Uint8Array): boolean {
  const diags = new Diagnostics();
  const { filters } = parseFilterSpec(tokenOf(decoder.decode(bytes), 'fuzz'), diags);
  assert(filters.length > 0 || diags.failed, 'no filter and no error');
  checkDiagnostics(diags);
  for (const { filter } of filters) {
    const spec = present(printFilterSpec(filter), 'what was a filterspec can be printed as one');
    const again = parseFilterSpec(tokenOf(spec, 'fuzz'), new Diagnostics()).filters[0]?.filter;
    assert(again !== undefined && printFilterSpec(again) === spec, 'a printed filterspec reads back as the same');
  }
  return !diags.failed;
}

function runPacket(bytes: Uint8Array): boolean {
  const diags = new Diagnostics();
  const packet = parsePacketText(decoder.decode(bytes), {}, diags);
  assert((packet === undefined) === diags.failed, 'a packet comes out exactly where there is no error');
  checkDiagnostics(diags);
  if (packet === undefined) return false;
  const again = parsePacketText(formatPacket(packet), {}, new Diagnostics());
  assert(JSON.stringify(again) === JSON.stringify(packet), 'a printed packet reads back as the same');
  return true;
}

/** What import reads: a chart or a script. */
function runChart(bytes: Uint8Array): boolean {
  const diags = new Diagnostics();
  const text = decodeText(bytes, 'fuzz.csv', diags);
  const chart = looksLikeScript(text)
    ? readScript({ file: 'fuzz.csv', text, name: undefined, groups: { lan: ['eth0'], dialup: [] } }, diags)
    : readChart({ file: 'fuzz.csv', text, name: 'fuzz' }, diags);
  assert((chart === undefined) === diags.failed, 'a policy comes out exactly where there is no error');
  checkDiagnostics(diags);
  if (chart === undefined) return false;
  const readBack = new Diagnostics();
  policyFrom(printPolicy(chart.policy, chart.comments), readBack);
  assert(!readBack.failed, `a printed chart can be read: ${readBack.all[0]?.message}`);
  return true;
}

function runSet(bytes: Uint8Array): boolean {
  const diags = new Diagnostics();
  const set = readAddressList('fuzz.txt', bytes, PLAIN_LIST, diags);
  checkDiagnostics(diags);
  for (const { family, count, words, lengths } of [set.v4, set.v6]) {
    assert(words.length === (family === 4 ? count : 4 * count) && lengths.length === count, 'columns of one length');
  }
  return !diags.failed;
}

async function runCapture(bytes: Uint8Array): Promise<boolean> {
  const size = 1 + (((bytes[0] ?? 0) + bytes.length) % 61);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  try {
    for await (const packet of readCapture(chunks(), 'fuzz.pcap')) decodePacket(packet.frame);
    return true;
  } catch (error) {
    if (error instanceof CaptureError) return false;
    throw error;
  }
}

function runFrame(bytes: Uint8Array): boolean {
  return decodePacket(bytes).kind === 'packet';
}

const RUNS: Readonly<Record<Target, Run>> = {
  policy: runPolicy,
  filterspec: runFilterSpec,
  packet: runPacket,
  chart: runChart,
  set: runSet,
  capture: runCapture,
  frame: runFrame,
};

export async function runInput({ target, bytes }: FuzzInput): Promise<boolean> {
  return await RUNS[target](bytes);
}
