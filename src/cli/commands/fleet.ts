/** `xdpol fleet`: many hosts that take signed orders. What runs is loaded when a verb is used. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../base/duration.ts';
import { FRONT_PORT } from '../../fleet/front-routes.ts';
import { folderOption, storeOptions } from '../fleet/centre-folder.ts';
import { collect, jsonOption, POLICY_ARGUMENT, withExamples } from '../options.ts';

const TARGET = 'fleet, group/NAME or host/NAME';

type Action = (...args: readonly unknown[]) => Promise<void>;
type Module = Readonly<Record<string, unknown>>;

/** Loads the module of a verb first. */
function lazily(load: () => Promise<Module>, name: string): Action {
  return async (...args) => {
    const run = (await load())[name] as (...given: readonly unknown[]) => void | Promise<void>;
    // The last argument is the command itself.
    await run(...args.slice(0, -1));
  };
}

const setUp = (name: string): Action => lazily(() => import('../fleet/set-up.ts'), name);
const bundles = (name: string): Action => lazily(() => import('../fleet/bundles.ts'), name);
const orders = (name: string): Action => lazily(() => import('../fleet/orders.ts'), name);
const rollouts = (name: string): Action => lazily(() => import('../fleet/rollouts.ts'), name);
const trees = (name: string): Action => lazily(() => import('../fleet/trees.ts'), name);
const standings = (name: string): Action => lazily(() => import('../fleet/standings.ts'), name);

function parseSeconds(value: string): number {
  const seconds = parseDuration(value);
  if (seconds !== undefined && seconds > 0) return seconds;
  throw new InvalidArgumentError('write a time such as 30m, 4h or 1d.');
}

function parsePriority(value: string): number {
  if (/^-?\d{1,6}$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write a whole number.');
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description}; repeatable`).argParser<readonly string[]>(collect);
}

function withStore(command: Command): Command {
  for (const option of [...storeOptions(), jsonOption()]) command.addOption(option);
  return command;
}

function initCommand(): Command {
  const command = new Command('init')
    .description(
      'make a fleet in a folder: a certificate authority, a signing key, certificates of a front and an operator, a store',
    )
    .addOption(new Option('--name <name>', 'of the front').default('front'))
    .addOption(repeatable('--address <address>', 'a name or address by which hosts reach the front'))
    .addOption(folderOption())
    .action(setUp('init'));
  return withExamples(command, 'xdpol fleet init --address fleet.example.net');
}

function frontCommand(): Command {
  const command = new Command('front')
    .description('pass orders on to hosts, over HTTP/2 with certificates on both sides; it cannot make orders')
    .addOption(new Option('--listen <address>', 'address and port').default(`:${FRONT_PORT}`))
    .addOption(new Option('--store <folder>', 'of the store (default: the one of the fleet)'))
    .addOption(
      repeatable(
        '--etcd <url>',
        'of a member of etcd, which has the store instead; certificates are those of the front',
      ).conflicts('store'),
    )
    .addOption(folderOption())
    .action(setUp('front'));
  return withExamples(command, 'xdpol fleet front', 'xdpol fleet front --listen 192.0.2.9:9479 --dir /srv/fleet');
}

function hostCommand(): Command {
  const command = withStore(new Command('host'))
    .description('add a host, or change its labels and groups; it gets the orders of its groups at once')
    .argument('<name>', 'of the host, which is that of its certificate')
    .addOption(repeatable('--label <name=value>', 'which selectors of groups look at; NAME= takes one away'))
    .addOption(repeatable('--group <name>', 'that it is in by name; -NAME takes it out'))
    .addOption(new Option('--certificate <file>', 'that it has already, of the authority of the fleet'))
    .action(setUp('host'));
  return withExamples(
    command,
    'xdpol fleet host web1 --label role=web --label site=ams',
    'xdpol fleet host web1 --label role=mail',
  );
}

function groupCommand(): Command {
  const command = withStore(new Command('group'))
    .description('make a group, or change which hosts are in it')
    .argument('<name>', 'of the group')
    .addOption(
      new Option(
        '--priority <number>',
        'the order of the group with the highest one counts (default: as it is, or 0)',
      ).argParser(parsePriority),
    )
    .addOption(new Option('--select <labels>', 'hosts that are in it by their labels; "" takes it away'))
    .action(setUp('group'));
  return withExamples(command, 'xdpol fleet group web --priority 10 --select "role = web, site in (ams, fra)"');
}

function tokenCommand(): Command {
  const command = withStore(new Command('token'))
    .description('print the command with which a host joins the fleet; it works once')
    .argument('<name>', 'of the host, which was added')
    .addOption(
      new Option('--for <time>', 'how long it holds (default: 1h)').argParser(parseSeconds).default(3600, '1h'),
    )
    .action(setUp('token'));
  return withExamples(command, 'xdpol fleet token web1 --for 10m');
}

function joinCommand(): Command {
  const command = new Command('join')
    .description('on the host that joins: make a key, and get a certificate for the token')
    .argument('<front>', 'HOST or HOST:PORT of the front')
    .requiredOption('--token <token>', 'that xdpol fleet token has printed')
    .addOption(new Option('--name <name>', 'of this host in the fleet (default: its host name)'))
    .addOption(new Option('--to <folder>', 'that gets the key and the certificates').default('/etc/xdpol/fleet'))
    .action(setUp('joinAs'));
  return withExamples(command, 'xdpol fleet join fleet.example.net --name web1 --token xdj1...');
}

function buildCommand(): Command {
  const command = new Command('build')
    .description('check a policy and put it, with the files that it names, into one file')
    .argument('<policy>', POLICY_ARGUMENT)
    .addOption(new Option('-o, --output <file>', '(default: NAME.bundle)'))
    .addOption(jsonOption())
    .action(bundles('build'));
  return withExamples(command, 'xdpol fleet build web.yaml -o web.bundle');
}

function publishCommand(): Command {
  const command = withStore(new Command('publish'))
    .description('store a policy as a new version; hosts get it when it is ordered')
    .argument('<file>', 'a policy, or what xdpol fleet build made of one')
    .action(bundles('publish'));
  return withExamples(command, 'xdpol fleet publish web.yaml');
}

function orderCommand(): Command {
  const command = withStore(new Command('order'))
    .description('sign an order and give it to the hosts of a target at once; fleet status tells what becomes of it')
    .argument('[target]', TARGET)
    .argument('[policy]', 'NAME or NAME@VERSION of a published policy')
    .option('--unassign', 'take the order of the target back: what the next target orders counts')
    .option('--unsigned', 'print the order, to be signed on another machine')
    .addOption(
      new Option('--signed <file>', 'give this order, which xdpol fleet sign printed; - for standard input').conflicts([
        'unassign',
        'unsigned',
      ]),
    )
    .action(orders('order'));
  return withExamples(
    command,
    'xdpol fleet order group/web web',
    'xdpol fleet order host/web1 --unassign',
    'xdpol fleet order group/web web@3 --unsigned > order.json',
  );
}

function signCommand(): Command {
  const command = new Command('sign')
    .description('sign an order on a machine that needs neither the front nor the store, and print it')
    .argument('<file>', 'that order --unsigned printed; - for standard input')
    .requiredOption('--key <file>', 'the private key')
    .action(orders('sign'));
  return withExamples(command, 'xdpol fleet sign order.json --key signing.key > signed.json');
}

function banCommand(): Command {
  const command = withStore(new Command('ban'))
    .description('block addresses on the hosts of a target for a time, through a live set of their policies')
    .argument('<prefix...>', 'addresses and prefixes')
    .addOption(new Option('--target <target>', TARGET).default('fleet'))
    .addOption(new Option('--set <name>', 'the live set').default('bans'))
    .addOption(new Option('--for <time>', 'after which they end').argParser(parseSeconds).default(3600, '1h'))
    .action(orders('ban'));
  return withExamples(command, 'xdpol fleet ban 203.0.113.7 2001:db8::/64 --for 4h');
}

function parseCount(value: string): number {
  if (/^\d{1,9}$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write a number from 0 on.');
}

/** How hosts are reached ring by ring. */
function withGates(command: Command): Command {
  return command
    .addOption(new Option('--hold <time>', 'that each ring is watched').argParser(parseSeconds).default(60, '60s'))
    .addOption(new Option('--patience <time>', 'for the hosts of a ring').argParser(parseSeconds).default(600, '10m'))
    .addOption(new Option('--silent <number>', 'hosts that may say nothing').argParser(parseCount).default(0))
    .addOption(
      new Option('--drops <number>', 'packets a second that a host may drop by rules that dropped none')
        .argParser(parseCount)
        .default(100),
    )
    .addOption(new Option('--probe <command>', 'that must end with 0 before each further ring'))
    .option('--keep', 'stop where a ring is not well, and take nothing back');
}

function rolloutCommand(): Command {
  const command = withGates(withStore(new Command('rollout')))
    .description(
      'give the hosts of a target a policy, ring by ring; a ring that is not well ends it, and every host gets its old policy back; exit code 3 then',
    )
    .argument('[target]', TARGET)
    .argument('[policy]', 'NAME or NAME@VERSION of a published policy')
    .addOption(new Option('--rings <list>', 'how many hosts each ring reaches in all').default('1, 1%, 10%, all'))
    .addOption(
      new Option('--resume <id>', 'go on with a rollout whose command ended, or that stopped').conflicts([
        'rings',
        'hold',
        'patience',
        'silent',
        'drops',
      ]),
    )
    .action(rollouts('rollout'));
  return withExamples(
    command,
    'xdpol fleet rollout group/web web --rings "1, 10%, all" --hold 5m',
    'xdpol fleet rollout fleet edge@4 --probe "curl -fsS https://www.example.net/health"',
  );
}

function stopCommand(): Command {
  const command = withStore(new Command('stop'))
    .description('release no further ring of a rollout; hosts that have the new policy keep it')
    .argument('<target>', TARGET)
    .action(rollouts('stop'));
  return withExamples(command, 'xdpol fleet stop group/web');
}

function rollbackCommand(): Command {
  const command = withGates(withStore(new Command('rollback')))
    .description('take a rollout back that is not over; else order again what was ordered before')
    .argument('<target>', TARGET)
    .addOption(
      new Option('--rings <list>', 'order it ring by ring, as a rollout does; without, all hosts get it at once'),
    )
    .action(rollouts('rollback'));
  return withExamples(
    command,
    'xdpol fleet rollback group/web',
    'xdpol fleet rollback group/web --rings "1, 10%, all"',
  );
}

function statusCommand(): Command {
  const command = withStore(new Command('status'))
    .description('show what was ordered for each host, and what it has in force')
    .argument('[target]', TARGET)
    .action(standings('status'));
  return withExamples(command, 'xdpol fleet status', 'xdpol fleet status group/web --json');
}

function diffCommand(): Command {
  const command = withStore(new Command('diff'))
    .description(
      'show the hosts of a target that do not have in force what was ordered; exit code 3 where there are any',
    )
    .argument('<target>', TARGET)
    .action(standings('diff'));
  return withExamples(command, 'xdpol fleet diff group/web');
}

function consoleCommand(): Command {
  const command = withStore(new Command('console'))
    .description(
      'serve a web page of the whole fleet on the loopback interface, and print its one-time address; it drives the rollouts that are begun there, and ends with Ctrl-C',
    )
    .option('--no-open', 'do not open a browser')
    .action(lazily(() => import('../fleet/fleet-console.ts'), 'fleetConsole'));
  return withExamples(command, 'xdpol fleet console', 'xdpol fleet console --dir /srv/fleet --no-open');
}

function copyCommands(): readonly Command[] {
  const exportCommand = withStore(new Command('export'))
    .description('write hosts, groups, orders and policies into a folder, as text for a version control system')
    .argument('<folder>', 'which is made')
    .action(trees('exportTo'));
  const importCommand = withStore(new Command('import'))
    .description('make groups, hosts, policies and orders what the files of such a folder say; nothing is removed')
    .argument('<folder>', 'that export wrote, with your changes')
    .action(trees('importFrom'));
  const backupCommand = withStore(new Command('backup'))
    .description('write everything in the store into one file')
    .argument('<file>', 'which is replaced')
    .action(standings('backup'));
  const restoreCommand = new Command('restore')
    .description('make a store from a backup')
    .argument('<file>', 'the backup')
    .requiredOption('--store <folder>', 'which must have no records yet')
    .addOption(jsonOption())
    .action(standings('restore'));
  return [
    withExamples(exportCommand, 'xdpol fleet export /srv/fleet-tree'),
    withExamples(importCommand, 'xdpol fleet import /srv/fleet-tree'),
    withExamples(backupCommand, 'xdpol fleet backup fleet.backup'),
    withExamples(restoreCommand, 'xdpol fleet restore fleet.backup --store /etc/xdpol/centre/store'),
  ];
}

export function fleetCommand(): Command {
  const command = new Command('fleet').description(
    'many hosts: signed orders say which policy each has in force, and a front passes them on',
  );
  const verbs = [
    ...[initCommand(), frontCommand(), hostCommand(), groupCommand(), tokenCommand(), joinCommand()],
    ...[
      buildCommand(),
      publishCommand(),
      orderCommand(),
      signCommand(),
      rolloutCommand(),
      stopCommand(),
      rollbackCommand(),
      banCommand(),
      statusCommand(),
      diffCommand(),
      consoleCommand(),
    ],
    ...copyCommands(),
  ];
  for (const verb of verbs) command.addCommand(verb);
  return withExamples(
    command,
    'xdpol fleet init --address fleet.example.net',
    'xdpol fleet host web1 --label role=web',
    'xdpol fleet order group/web web',
    'xdpol fleet status',
  );
}
