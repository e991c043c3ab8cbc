/** A process that sweeps again and again, as commands in other namespaces do: `sweep-loop.ts ROOT ROUNDS`. */
import { sweepDeadNamespaces } from '../../src/engine/bpffs.ts';

const [root = '', rounds = ''] = process.argv.slice(2);
for (let round = 0; round < Number(rounds); round++) sweepDeadNamespaces(root);
