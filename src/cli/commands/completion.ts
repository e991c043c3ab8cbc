/** `xdpol completion`: the script that a shell reads; and `xdpol complete`, which that script asks. */
import { Argument, Command } from 'commander';
import { candidatesFor } from '../completion-words.ts';
import { withExamples } from '../options.ts';
import type { Shell } from '../render/completion-scripts.ts';
import { completionScript, FILES_LINE, SHELLS } from '../render/completion-scripts.ts';
import { print } from '../render/terminal.ts';

export function completionCommand(): Command {
  const command = new Command('completion')
    .description('print a script that completes verbs, options and names in a shell')
    .addArgument(new Argument('<shell>', 'which shell reads it').choices(SHELLS))
    .action((shell: Shell) => print(completionScript(shell).trimEnd()));
  return withExamples(
    command,
    'source <(xdpol completion bash)',
    'xdpol completion fish > ~/.config/fish/completions/xdpol.fish',
  );
}

export function completeCommand(): Command {
  return new Command('complete')
    .description('list what the last word of a command line can be, one per line')
    .argument('<program>', 'xdpol or ipsecpol')
    .argument('[words...]', 'the words after the program; the last is being written')
    .action(async (program: string, words: readonly string[]) => {
      const { words: found, files } = await candidatesFor(program, words.slice(0, -1), words.at(-1) ?? '');
      for (const word of found) print(word);
      if (files) print(FILES_LINE);
    });
}
