/**
 * Hosts that write down, in a process that can be killed: `node host-process.mjs TASK`, the task as JSON. What each puts in
 * force is in its journal before the host says so to anybody.
 */
import type { HostFolders } from './fleet-centre.ts';
import { writeJournal } from './fleet-journal.ts';
import { RecordingHost } from './recording-host.ts';

export interface HostTask {
  readonly hosts: readonly HostFolders[];
  readonly fronts: readonly string[];
  readonly operators: readonly string[];
}

const { hosts, fronts: urls, operators } = JSON.parse(process.argv[2] ?? '') as HostTask;
const fronts = urls.map((url) => new URL(url));
for (const host of hosts) {
  new RecordingHost({
    ...host,
    fronts,
    noted: (order, digest) => writeJournal(host, { at: Date.now(), digest, order }),
  }).start(operators);
}
