/** What lies beside the package: what it is made of, and the sums that are signed. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bundledPackages } from '../bundle.ts';
import { ROOT } from './tree.ts';

interface Component {
  readonly name: string;
  readonly purl: string;
}

interface BillOfMaterials {
  readonly serialNumber: string;
  /** Of development too, so it is left out. */
  readonly dependencies?: unknown;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
}

/** npm names a workspace by its folder; the package's name is in its purl. */
function nameComponent<T extends Component>(component: T): T {
  const [, name] = /^pkg:npm\/(.+)@[^@]+$/u.exec(component.purl) ?? [];
  return name === undefined ? component : { ...component, name: decodeURIComponent(name) };
}

function purlOf(folder: string): string {
  const { name, version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
  };
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}

function nodeComponent(): Component & Readonly<Record<string, unknown>> {
  const { node } = process.versions;
  return {
    'bom-ref': `node@${node}`,
    type: 'application',
    name: 'node',
    version: node,
    purl: `pkg:generic/node@${node}`,
  };
}

/** CycloneDX, of what the bundle has and the runtime. Without a serial number, so that two builds say the same. */
export async function sbomText(time: Date): Promise<string> {
  const inside = new Set((await bundledPackages()).map(purlOf));
  const words = ['sbom', '--sbom-format=cyclonedx'];
  const text = execFileSync('npm', words, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const { serialNumber: _, dependencies: __, metadata, components, ...rest } = JSON.parse(text) as BillOfMaterials;
  const all = {
    ...rest,
    metadata: { ...metadata, timestamp: time.toISOString(), component: nameComponent(metadata.component) },
    components: [...components.filter(({ purl }) => inside.has(purl)).map(nameComponent), nodeComponent()],
  };
  return `${JSON.stringify(all, null, 2)}\n`;
}

/** As `sha256sum -c` reads it. */
export function sumsText(paths: readonly string[]): string {
  const line = (path: string): string =>
    `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${basename(path)}\n`;
  return paths.map(line).join('');
}
