#!/usr/bin/env node
/** The `ipsecpol` program. */
import { runProgram } from './program.ts';
import { runIpsecpol } from './run-ipsecpol.ts';

await runProgram('ipsecpol', () => runIpsecpol(process.argv.slice(2)));
