/**
 * Runs once before the tests: they start the built program, so it must be that of the sources. Each source
 * that is newer than what was built of it is translated; types are the business of `npm run typecheck`.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

export async function setup(): Promise<void> {
  const stale = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(?:ts|json)$/u.test(name))
    .map((name) => ({ source: join(ROOT, 'src', name), built: join(ROOT, 'dist', name.replace(/\.ts$/u, '.js')) }))
    .filter(({ source, built }) => modified(source) >= modified(built));
  if (stale.length === 0) return;
  const { default: ts } = await import('typescript');
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, module: 'ESNext', moduleResolution: 'Bundler', newLine: 'lf' },
    ROOT,
  );
  for (const { source, built } of stale) {
    mkdirSync(dirname(built), { recursive: true });
    if (source.endsWith('.json')) copyFileSync(source, built);
    else {
      const text = readFileSync(source, 'utf8');
      writeFileSync(built, ts.transpileModule(text, { compilerOptions: options, fileName: source }).outputText);
    }
  }
}
