/** The BPF object files, and the proof that the filter's is the one this program was built with. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ObjectSpec } from 'libbpf-ts-bindings';
import { BpfError, inspectObject } from 'libbpf-ts-bindings';
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

/** What the object declares. Throws where its maps and variables are not those of the generated layout. */
export function checkObject(path: string): ObjectSpec {
  let spec: ObjectSpec;
  try {
    spec = inspectObject(path);
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    throw new EnvironmentError('XDPOL_E_BPF_OBJECT', `${path} is not a BPF object: ${error.message}`, {
      help: REBUILD,
      cause: error,
    });
  }
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
