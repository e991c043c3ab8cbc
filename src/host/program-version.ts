/** Which program this is, as far as compiling goes: another one may compile the same policy to other tables. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES = ['base', 'compiler', 'formats', 'layout', 'policy'] as const;

/** Defined by the build, which has the sources; undefined where the sources themselves run. */
declare const XDPOL_SOURCES_DIGEST: string | undefined;

/** A digest of the code between a policy's text and its tables, hex. */
export function programVersion(): string {
  return typeof XDPOL_SOURCES_DIGEST === 'string' ? XDPOL_SOURCES_DIGEST : digestOfSources();
}

function digestOfSources(): string {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const extension = extname(fileURLToPath(import.meta.url));
  const hash = createHash('sha256');
  for (const module of MODULES) {
    const names = readdirSync(join(root, module), { recursive: true, encoding: 'utf8' }).sort();
    for (const name of names) {
      if (!name.endsWith(extension) || name.endsWith('.d.ts')) continue;
      hash.update(`${module}/${name}\0`).update(readFileSync(join(root, module, name)));
    }
  }
  return hash.digest('hex');
}
