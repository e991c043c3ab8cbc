/** `xdpol host`: the hosts that --host and ipsecpol's \\ reach by name. */
import { Command } from 'commander';
import { EnvironmentError } from '../../base/environment-error.ts';
import { KnownHosts, parseHostUrl } from '../../remote/known-hosts.ts';
import { UsageError } from '../exit.ts';
import { jsonOption, withExamples } from '../options.ts';
import { table } from '../render/table.ts';
import { print, printJson } from '../render/terminal.ts';
import { isThisHost } from '../this-host.ts';

interface JsonOptions {
  readonly json?: boolean;
}

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/iu;

function add(name: string, text: string | undefined): void {
  if (!NAME.test(name)) {
    throw new UsageError(`"${name}" cannot be the name of a host`, 'write letters, digits, dots, hyphens, underscores');
  }
  if (isThisHost(name)) {
    throw new UsageError(`${name} is this host`, 'commands work on it without --host; give the other one another name');
  }
  const url = parseHostUrl(text ?? name);
  if (url === undefined) {
    throw new UsageError(`"${text ?? name}" is not the address of an agent`, 'write https://web1.example.net:9478');
  }
  new KnownHosts().add({ name, url });
  print(`${name}: ${url}; to see whether it answers: xdpol --host ${name} status`);
}

function list({ json }: JsonOptions): void {
  const hosts = new KnownHosts().list();
  if (json === true) printJson({ hosts });
  else if (hosts.length === 0) print('no host is known: xdpol host add NAME URL');
  else {
    const rows = hosts.map(({ name, url }) => [name, url]);
    print(table([{ title: 'NAME' }, { title: 'URL' }], rows));
  }
}

function remove(name: string): void {
  const hosts = new KnownHosts();
  if (hosts.remove(name)) {
    print(`${name}: removed`);
    return;
  }
  const names = hosts.list().map((host) => host.name);
  throw new EnvironmentError('XDPOL_E_UNKNOWN_HOST', `${name} is no known host`, {
    help: names.length === 0 ? 'none is known' : `known are: ${names.join(', ')}`,
  });
}

function addCommand(): Command {
  const command = new Command('add')
    .description('add a host under a name; it replaces a host of the same name')
    .argument('<name>', 'for --host and for \\\\NAME of ipsecpol')
    .argument('[url]', 'the address of its agent (default: https://NAME:9478)')
    .action(add);
  return withExamples(command, 'xdpol host add web1 https://web1.example.net:9478', 'xdpol host add web2 192.0.2.2');
}

function listCommand(): Command {
  const command = new Command('list').description('list the known hosts').addOption(jsonOption()).action(list);
  return withExamples(command, 'xdpol host list');
}

function removeCommand(): Command {
  const command = new Command('remove')
    .description('forget a host; nothing changes there')
    .argument('<name>', 'a known host')
    .action(remove);
  return withExamples(command, 'xdpol host remove web1');
}

export function hostCommand(): Command {
  const command = new Command('host').description(
    'manage the other hosts that commands work on: `xdpol --host NAME VERB`, ipsecpol \\\\NAME',
  );
  for (const one of [addCommand(), listCommand(), removeCommand()]) command.addCommand(one);
  return withExamples(command, 'xdpol host add web1 https://web1.example.net:9478', 'xdpol --host web1 status');
}
