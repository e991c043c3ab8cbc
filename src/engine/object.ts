/** The BPF object files, and the proof that the filter's is the one this program was built with. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BpfObject, KnownObject, LoadOptions, ObjectSpec } from 'libbpf-ts-bindings';
import { BpfError, inspectObject, loadObject } from 'libbpf-ts-bindings';
import { EnvironmentError } from '../base/environment-error.ts';
import { TABLE_NAMES } from '../compiler/compile.ts';
import { ENUMS, readShape, STRUCTS } from '../layout/layout.gen.ts';

/** From dist/engine and from src/engine alike. */
const FOLDERS = ['../bpf', '../../dist/bpf'] as const;

export type ObjectName = 'xdpol' | 'gate' | 'measure';

export function objectPath(name: ObjectName): string {
  const paths = FOLDERS.map((folder) => fileURLToPath(new URL(`${folder}/${name}.bpf.o`, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) {
    throw new EnvironmentError('XDPOL_E_BPF_OBJECT', `the BPF object ${paths[0]} is missing`, {
      help: 'build it: npm run build:bpf',
    });
  }
  return found;
}

/** What the build wrote down about the bytes of its objects. An object that it does not name is tried with care. */
function recordedDigest(path: string): KnownObject {
  const sums = join(dirname(path), 'SHA256SUMS');
  if (!existsSync(sums)) return {};
  const line = readFileSync(sums, 'utf8')
    .split('\n')
    .find((entry) => entry.endsWith(`  ${basename(path)}`));
  return line === undefined ? {} : { sha256: line.slice(0, line.indexOf(' ')) };
}

/** Of a load: the file is not what it should be. Anything else is the kernel's answer. */
const DAMAGED: ReadonlySet<string> = new Set(['ECRASH', 'EDIGEST', 'ELIBBPF', 'EIO']);

function refuse(path: string, error: unknown): never {
  if (!(error instanceof BpfError)) throw error;
  const said =
    error.code === 'EDIGEST'
      ? `${path} is damaged: its SHA-256 is not the one in ${join(dirname(path), 'SHA256SUMS')}`
      : `${path} is not a BPF object: ${error.message}`;
  throw new EnvironmentError('XDPOL_E_BPF_OBJECT', said, { help: REBUILD, cause: error });
}

export function inspectBuilt(path: string): ObjectSpec {
  try {
    return inspectObject(path, recordedDigest(path));
  } catch (error) {
    return refuse(path, error);
  }
}

/** Made for the read-only data that it is loaded with. `path`: of another build of it. The caller disposes the object. */
export function loadBuilt(name: ObjectName, options: LoadOptions, path: string = objectPath(name)): BpfObject {
  try {
    return loadObject(path, { ...options, ...recordedDigest(path), specialize: true });
  } catch (error) {
    if (error instanceof BpfError && DAMAGED.has(error.code)) return refuse(path, error);
    throw error;
  }
}

/** What was found right, by path: one process loads programs for many interfaces. */
const checked = new Map<string, { readonly stamp: string; readonly spec: ObjectSpec }>();

/** Another one where the file has been written or replaced. */
function stampOf(path: string): string {
  const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(' ');
}

/** What the object declares. Throws where its maps and variables are not those of the generated layout. */
export function checkObject(path: string): ObjectSpec {
  const stamp = existsSync(path) ? stampOf(path) : '';
  const known = checked.get(path);
  if (known !== undefined && known.stamp === stamp) return known.spec;
  const spec = checkedSpec(path);
  checked.set(path, { stamp, spec });
  return spec;
}

function checkedSpec(path: string): ObjectSpec {
  const spec = inspectBuilt(path);
  const problems = [...otherVersion(spec), ...missingTables(spec), ...wrongSizes(spec)];
  if (problems.length > 0) {
    throw new EnvironmentError(
      'XDPOL_E_BPF_OBJECT',
      `${path} does not fit this version of xdpol: ${problems.join('; ')}`,
      { help: REBUILD },
    );
  }
  return spec;
}

const REBUILD = 'rebuild the object and the program together: npm run build';

/** Bytes of the same sizes may have got another meaning. */
function otherVersion(spec: ObjectSpec): string[] {
  const content = spec.variables.find(({ name }) => name === 'shape')?.content;
  if (content === undefined || content.length < STRUCTS.shape.size) return ['no layout version'];
  const found = readShape(new DataView(content.buffer, content.byteOffset), 0).layoutVersion;
  return found === ENUMS.layout.VERSION ? [] : [`layout version ${found}, wanted ${ENUMS.layout.VERSION}`];
}

function missingTables(spec: ObjectSpec): string[] {
  const sections = new Map(spec.maps.map((map) => [map.name, map]));
  return TABLE_NAMES.filter((name) => sections.get(`.data.${name}`)?.valueSize !== ENUMS.layout.TABLE_UNIT).map(
    (name) => `no table .data.${name} of ${ENUMS.layout.TABLE_UNIT} bytes`,
  );
}

function wrongSizes(spec: ObjectSpec): string[] {
  const wanted: readonly (readonly [string, number])[] = [
    ['shape', STRUCTS.shape.size],
    ['trace', STRUCTS.trace.size],
    ['sampling', STRUCTS.sampling.size],
    ['live_shape', STRUCTS.live_shape.size],
  ];
  const ofMap = (name: string, size: number): readonly [string, number, number | undefined] => [
    name,
    size,
    spec.maps.find((map) => map.name === name)?.valueSize,
  ];
  const found = wanted.map(([name, size]) => [name, size, spec.variables.find((v) => v.name === name)?.size] as const);
  return [...found, ofMap('counters', STRUCTS.counter.size), ofMap('budgets', STRUCTS.budget.size)]
    .filter(([, size, actual]) => size !== actual)
    .map(([name, size, actual]) => `${name} has ${actual ?? 'no'} bytes, wanted ${size}`);
}
