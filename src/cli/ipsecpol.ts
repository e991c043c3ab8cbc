#!/usr/bin/env node
import { runIpsecpol } from './run-ipsecpol.ts';
/** The `ipsecpol` program. */
import { runProgram } from './run-program.ts';

/** Resolves once the verb has run. */
export const ended: Promise<void> = runProgram('ipsecpol', () => runIpsecpol(process.argv.slice(2)));
