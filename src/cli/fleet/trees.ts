/** `fleet export`, `import`: a fleet as a folder of text. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fleetError } from '../../fleet/centre/change.ts';
import type { Imported } from '../../fleet/centre/import-tree.ts';
import { importTree } from '../../fleet/centre/import-tree.ts';
import type { TreeFiles } from '../../fleet/centre/tree.ts';
import { exportFiles, pathInTree, readTree } from '../../fleet/centre/tree.ts';
import { DurableFiles } from '../../store/durable.ts';
import { withWriteErrors } from '../../store/write-errors.ts';
import { print, printJson } from '../render/terminal.ts';
import { bundleOf, publisher } from './bundles.ts';
import type { StoreOptions } from './centre-folder.ts';
import { centreKey, openStore } from './centre-folder.ts';
import { readFailure } from './read-failure.ts';
import type { JsonOptions } from './set-up.ts';

type Options = StoreOptions & JsonOptions;

export async function exportTo(folder: string, options: Options): Promise<void> {
  await using store = openStore(options);
  const files = await exportFiles(store);
  const disk = new DurableFiles();
  for (const [path, content] of files) {
    withWriteErrors(join(folder, path), () => {
      disk.makeFolder(dirname(join(folder, path)));
      disk.write(join(folder, path), content);
    });
  }
  if (options.json === true) printJson({ folder, files: files.size });
  else print(`${folder}: ${files.size} files`);
}

/** What the tree has; other folders, such as that of git, are nobody's here. */
const PARTS = ['hosts', 'groups', 'orders', 'policies'] as const;

function readFolder(folder: string): TreeFiles {
  const files = new Map<string, Uint8Array>();
  try {
    const there = readdirSync(folder);
    for (const part of PARTS.filter((name) => there.includes(name))) {
      const entries = readdirSync(join(folder, part), { recursive: true, withFileTypes: true });
      for (const entry of entries.filter((one) => one.isFile())) {
        const path = join(entry.parentPath, entry.name);
        files.set(relative(folder, path), readFileSync(path));
      }
    }
  } catch (cause) {
    throw readFailure(folder, cause, 'name the folder that xdpol fleet export wrote');
  }
  if (files.size > 0) return files;
  throw fleetError(`${folder} has no ${PARTS.join(', ')}`, 'name the folder that xdpol fleet export wrote');
}

/** The files that a policy names are those beside it in the tree. */
async function bundleIn(folder: string, files: TreeFiles, name: string): Promise<Uint8Array> {
  const path = `policies/${name}/policy.yaml`;
  const { policy, bytes } = await bundleOf({
    file: join(folder, path),
    text: Buffer.from(files.get(path) ?? '').toString('utf8'),
    readSetFile: (named) => files.get(pathInTree(name, named)) ?? { error: `ENOENT, ${pathInTree(name, named)}` },
  });
  if (policy === name) return bytes;
  throw fleetError(
    `${join(folder, path)} has the policy ${policy}`,
    `name the policy ${name}, or its folder ${policy}`,
  );
}

export async function importFrom(folder: string, options: Options): Promise<void> {
  const files = readFolder(folder);
  const tree = readTree(files);
  const bundles = new Map<string, Uint8Array>();
  for (const name of tree.policies) bundles.set(name, await bundleIn(folder, files, name));
  const key = centreKey(options);
  await using store = openStore(options);
  const imported = await importTree(store, key, { tree, bundles, by: publisher() });
  if (options.json === true) printJson({ folder, imported });
  else print(`${folder}: ${describe(imported)}`);
}

function describe({ groups, hosts, policies, orders }: Imported): string {
  const parts = Object.entries({ groups, hosts, policies, orders }).filter(([, names]) => names.length > 0);
  if (parts.length === 0) return 'the fleet is as the folder says';
  return parts.map(([what, names]) => `${what}: ${names.join(', ')}`).join('; ');
}
