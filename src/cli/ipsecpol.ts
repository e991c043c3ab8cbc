#!/usr/bin/env node
import { runIpsecpol } from './run-ipsecpol.ts';
/** The `ipsecpol` program. */
import { runProgram } from './run-program.ts';

await runProgram('ipsecpol', () => runIpsecpol(process.argv.slice(2)));
