/** `xdpol pki`: certificates of hosts and operators, for those who have no authority of their own. */
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { Role } from '../../base/roles.ts';
import { ROLES } from '../../base/roles.ts';
import type { Authority, Holder, Issued, ListedCertificate } from '../../pki/authority.ts';
import { UsageError } from '../exit.ts';
import { collect, jsonOption, withExamples } from '../options.ts';
import { pkiJson, pkiLines } from '../render/pki.ts';
import { print, printJson } from '../render/terminal.ts';

const DEFAULT_FOLDER = '/etc/xdpol/pki';

interface FolderOptions {
  readonly dir: string;
  readonly json?: boolean;
}

interface LifeOptions extends FolderOptions {
  readonly days?: number;
}

interface IssueOptions extends LifeOptions {
  readonly address?: readonly string[];
  readonly role?: Role;
}

/** X.509 is loaded when a verb needs it. */
async function authorityOf({ dir }: FolderOptions): Promise<Authority> {
  const { Authority: Class } = await import('../../pki/authority.ts');
  return new Class(dir);
}

async function init(options: LifeOptions & { readonly name: string }): Promise<void> {
  const { LIFETIMES } = await import('../../pki/authority.ts');
  const days = options.days ?? LIFETIMES.authority;
  await (await authorityOf(options)).init(options.name, days);
  print(`${options.dir}: certificate authority "${options.name}" made, valid for ${days} days`);
  print('keep a copy of the folder where nobody else reads it: whoever has ca.key can give himself any role');
}

async function holderOf(kind: string, name: string, { address = [], role }: IssueOptions): Promise<Holder> {
  const { addressFault, nameFault } = await import('../../pki/authority.ts');
  const fault = nameFault(name);
  if (fault !== undefined) throw new UsageError(`"${name}" cannot be the name of a ${kind}`, fault);
  if (kind === 'operator') {
    if (address.length > 0) throw new UsageError('--address belongs to a host', 'leave it out');
    if (role === undefined) throw new UsageError('what may the operator do?', `add --role ${ROLES.join('|')}`);
    return { kind, name, role };
  }
  if (role !== undefined) throw new UsageError('--role belongs to an operator', 'leave it out');
  for (const one of address) {
    const wrong = addressFault(one);
    if (wrong !== undefined) throw new UsageError(`--address ${one}: a host is not reached by that`, wrong);
  }
  return { kind: 'host', name, addresses: address };
}

function reportIssued({ certificate, folder }: Issued, { json }: FolderOptions): void {
  if (json === true) {
    printJson({ ...pkiJson(certificate), folder });
    return;
  }
  const { holder, notAfter } = certificate;
  const where = holder.kind === 'host' ? '/etc/xdpol/api on the host' : "~/.config/xdpol of the operator's account";
  print(`${holder.name}: certificate of ${describe(holder)}, valid until ${notAfter.toISOString().slice(0, 10)}`);
  print(`take the files of ${folder} to ${where}, then remove the key here`);
}

function describe(holder: Holder): string {
  return holder.kind === 'host' ? 'a host' : `an operator, ${holder.role}`;
}

async function issue(kind: string, name: string, options: IssueOptions): Promise<void> {
  const { LIFETIMES } = await import('../../pki/authority.ts');
  const holder = await holderOf(kind, name, options);
  const issued = await (await authorityOf(options)).issue(holder, options.days ?? LIFETIMES[holder.kind]);
  reportIssued(issued, options);
}

async function renew(name: string, options: LifeOptions): Promise<void> {
  reportIssued(await (await authorityOf(options)).renew(name, options.days), options);
}

async function revoke(nameOrSerial: string, options: FolderOptions): Promise<void> {
  const authority = await authorityOf(options);
  const revoked = await authority.revoke(nameOrSerial);
  if (options.json === true) {
    printJson({ revoked: revoked.map(pkiJson), list: authority.revocationList });
    return;
  }
  for (const { holder, serial } of revoked) print(`${holder.name}: certificate ${serial} is revoked`);
  if (revoked.length === 0) print(`${nameOrSerial}: no certificate is left to revoke`);
  print(`hosts refuse it once they have ${authority.revocationList} as /etc/xdpol/api/crl.pem`);
}

async function list(options: FolderOptions): Promise<void> {
  const certificates: readonly ListedCertificate[] = (await authorityOf(options)).list();
  if (options.json === true) printJson({ certificates: certificates.map(pkiJson) });
  else print(certificates.length === 0 ? 'no certificate was issued' : pkiLines(certificates, new Date()));
}

function parseDays(value: string): number {
  if (/^[1-9]\d{0,4}$/u.test(value)) return Number(value);
  throw new InvalidArgumentError('write a number of days, such as 90.');
}

function folderOption(): Option {
  return new Option('--dir <folder>', 'of the certificate authority').env('XDPOL_PKI_DIR').default(DEFAULT_FOLDER);
}

function daysOption(usual: string): Option {
  return new Option('--days <number>', `how long it is valid (default: ${usual})`).argParser(parseDays);
}

function initCommand(): Command {
  const command = new Command('init')
    .description('make a certificate authority in a folder that only its owner can read')
    .addOption(new Option('--name <name>', 'of the authority').default('xdpol'))
    .addOption(daysOption('3650'))
    .addOption(folderOption())
    .action(init);
  return withExamples(command, 'xdpol pki init', 'xdpol pki init --name "Example Ltd" --dir /root/xdpol-pki');
}

function issueCommand(): Command {
  const command = new Command('issue')
    .description('make a key and a certificate for a host or an operator')
    .addArgument(new Argument('<kind>', 'what the certificate is for').choices(['host', 'operator']))
    .argument('<name>', 'of the host, or of the operator as audit logs will have it')
    .addOption(
      new Option('--address <address>', 'another name or address by which the host is reached; repeatable').argParser<
        readonly string[]
      >(collect),
    )
    .addOption(new Option('--role <role>', 'what the operator may do').choices(ROLES))
    .addOption(daysOption('365 for a host, 90 for an operator'))
    .addOption(folderOption())
    .addOption(jsonOption())
    .action(issue);
  return withExamples(
    command,
    'xdpol pki issue host web1 --address web1.example.net --address 192.0.2.1',
    'xdpol pki issue operator alice --role administrator',
  );
}

function renewCommand(): Command {
  const command = new Command('renew')
    .description('make a new key and certificate with the same name and rights; the old one stays valid to its end')
    .argument('<name>', 'of the host or operator')
    .addOption(daysOption('365 for a host, 90 for an operator'))
    .addOption(folderOption())
    .addOption(jsonOption())
    .action(renew);
  return withExamples(command, 'xdpol pki renew web1');
}

function revokeCommand(): Command {
  const command = new Command('revoke')
    .description('put certificates on the list of those that hosts refuse')
    .argument(
      '<name>',
      'the name of a host or operator, for all its certificates, or the serial number of one certificate',
    )
    .addOption(folderOption())
    .addOption(jsonOption())
    .action(revoke);
  return withExamples(command, 'xdpol pki revoke alice');
}

function listCommand(): Command {
  const command = new Command('list')
    .description('list every certificate that was issued, whether it is valid, and until when')
    .addOption(folderOption())
    .addOption(jsonOption())
    .action(list);
  return withExamples(command, 'xdpol pki list', 'xdpol pki list --json');
}

export function pkiCommand(): Command {
  const command = new Command('pki').description(
    'manage the certificates with which hosts and operators identify each other: a small certificate authority',
  );
  for (const one of [initCommand(), issueCommand(), renewCommand(), revokeCommand(), listCommand()]) {
    command.addCommand(one);
  }
  return withExamples(
    command,
    'xdpol pki init',
    'xdpol pki issue host web1 --address web1.example.net',
    'xdpol pki issue operator alice --role administrator',
  );
}
