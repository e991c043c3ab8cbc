#!/usr/bin/env node
/** The `xdpol` program: finds the verb, runs it, turns what went wrong into a message and an exit code. */
import { announcePending } from './announce-pending.ts';
import { ANYWHERE, buildProgram } from './build-program.ts';
import { UsageError } from './exit.ts';
import { chooseHost } from './reach-host.ts';
import { runProgram } from './run-program.ts';
import { asksForVersion, verbOf } from './verb-of.ts';

/**
 * ipsecpol says what waits to be confirmed by itself, as the program of that name; completion says nothing but words; the
 * others work on no host's filter.
 */
const SILENT: ReadonlySet<string> = new Set(['ipsecpol', 'host', 'pki', 'completion', 'complete']);

function workOn(host: string, verb: string): void {
  if (!ANYWHERE.has(verb)) {
    throw new UsageError(`${verb} works on this host only`, `run it there: ssh ${host} xdpol ${verb} ...`);
  }
  chooseHost(host);
}

/** Resolves once the verb has run. */
export const ended: Promise<void> = runProgram('xdpol', async () => {
  const words = process.argv.slice(2);
  const verb = verbOf(words) ?? '';
  const program = await buildProgram(verb, { bare: asksForVersion(words) });
  program.hook('preAction', async () => {
    const { host } = program.opts<{ readonly host?: string }>();
    if (host !== undefined) workOn(host, verb);
    if (!SILENT.has(verb)) await announcePending(verb);
  });
  await program.parseAsync();
});
