/** `xdpol ipsecpol`: the program ipsecpol as a verb. */
import { Command } from 'commander';
import { runIpsecpol } from '../run-ipsecpol.ts';

/** Its options are its own, '--json' among them: everything after the verb goes to it as it is. */
export function ipsecpolCommand(): Command {
  return new Command('ipsecpol')
    .description("the original's command line: add rules, assign, unassign, delete; -? explains it")
    .argument('[words...]', 'as ipsecpol takes them')
    .allowUnknownOption()
    .helpOption(false)
    .action((words: readonly string[]) => runIpsecpol(words));
}
