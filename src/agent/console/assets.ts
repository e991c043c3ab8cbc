/** The files of the browser application, as the build made them. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../../base/environment-error.ts';

/** From dist/program and from src/agent/console alike. */
const FOLDERS = ['../console/', '../../../dist/console/'] as const;

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

export interface Asset {
  readonly name: string;
  readonly type: string;
  readonly content: Buffer;
}

export function readAssets(): readonly Asset[] {
  const folders = FOLDERS.map((folder) => new URL(folder, import.meta.url));
  const folder = folders.find((url) => existsSync(new URL('index.html', url)));
  if (folder === undefined) {
    const paths = folders.map((url) => fileURLToPath(url)).join(', ');
    throw new EnvironmentError('XDPOL_E_CONSOLE_FILES', `the files of the console are not in ${paths}`, {
      help: 'build them: npm run build:ts',
    });
  }
  return Object.entries(TYPES).map(([name, type]) => ({ name, type, content: readFileSync(new URL(name, folder)) }));
}
