#!/usr/bin/env node
/** The `xdpol` program: finds the verb, runs it, turns what went wrong into a message and an exit code. */
import { announcePending } from './announce-pending.ts';
import { buildProgram } from './build-program.ts';
import { runProgram } from './run-program.ts';

/**
 * ipsecpol says what waits to be confirmed by itself, as the program of that name; completion says nothing but words; the
 * others work on no host's filter.
 */
const SILENT: ReadonlySet<string> = new Set(['ipsecpol', 'pki', 'completion', 'complete']);

await runProgram('xdpol', async () => {
  const verb = process.argv[2] ?? '';
  const program = await buildProgram(verb);
  program.hook('preAction', async () => {
    if (!SILENT.has(verb)) await announcePending(verb);
  });
  await program.parseAsync();
});
