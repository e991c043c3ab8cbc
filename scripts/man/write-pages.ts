/** Every man page, from the definitions of the verbs and the JSON Schemas. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../src/base/version.ts';
import { page } from './roff.ts';
import { schemaPages } from './schema-pages.ts';
import { verbPages } from './verb-pages.ts';

function example(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../examples/${name}`, import.meta.url)), 'utf8');
}

/** Into man5 and man8 of the folder. `date` is a day, as 2026-01-31. Returns the paths. */
export async function writeManPages(folder: string, date: string): Promise<readonly string[]> {
  const files = schemaPages({ policy: example('packet-filter.yaml'), config: example('config.yaml') });
  return [...(await verbPages()), ...files].map(({ head, sections }) => {
    const section = join(folder, `man${head.number}`);
    mkdirSync(section, { recursive: true });
    const path = join(section, `${head.name}.${head.number}`);
    writeFileSync(path, page(head, { date, version: VERSION }, sections));
    return path;
  });
}
