/** The programs as JavaScript: a session of many commands would spend most of its time translating the sources. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  rewriteRelativeImportExtensions: true,
  verbatimModuleSyntax: true,
};

function isOlder(path: string, source: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined || found.mtimeMs < statSync(source).mtimeMs;
}

/** Brings `dist/` up to date with `src/`, without checking types; returns the path of a program, `main` or `ipsecpol`. */
export function builtProgram(name: 'main' | 'ipsecpol'): string {
  for (const file of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    const source = join(ROOT, 'src', file);
    const target = join(ROOT, 'dist', file.replace(/\.ts$/u, '.js'));
    if (!/\.(?:ts|json)$/u.test(file) || !isOlder(target, source)) continue;
    mkdirSync(dirname(target), { recursive: true });
    if (file.endsWith('.json')) copyFileSync(source, target);
    else
      writeFileSync(target, ts.transpileModule(readFileSync(source, 'utf8'), { compilerOptions: OPTIONS }).outputText);
  }
  return join(ROOT, 'dist/cli', `${name}.js`);
}
