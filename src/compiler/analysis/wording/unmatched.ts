import { didYouMean } from '../../../base/suggest.ts';
import type { Policy } from '../../../policy/model.ts';
import type { HostFacts, InterfaceFacts } from '../facts.ts';
import { packetInterfaces } from '../facts.ts';
import type { Observation, Wording } from '../observation.ts';
import type { MeWithoutIpv4, MissingInterface } from '../unfiltered-interfaces.ts';
import type { Unmatched } from '../unmatched.ts';
import { blocksNothing, thisFilter } from './subject.ts';

export function observeUnmatched(all: readonly Unmatched[], facts: HostFacts): readonly Observation[] {
  return all.map((unmatched) => ({
    code: unmatched.kind === 'families' ? 'XP0404' : 'XP0414',
    span: unmatched.filter.filter.span,
    about: [unmatched.filter],
    size: 0,
    group: undefined,
    word: () => wordUnmatched(unmatched, facts),
  }));
}

/** The ports of bridges and bonds have no addresses of their own: the device above has them. */
function filterAbove(interfaces: readonly InterfaceFacts[]): string | undefined {
  const port = interfaces.find(({ portOf }) => portOf !== undefined);
  if (port === undefined) return undefined;
  const above = `${port.name} is a port of ${port.portOf}, which has the host's addresses`;
  return `${above}: filter ${port.portOf} (-i ${port.portOf}), or write the address in place of me`;
}

function wordUnmatched(unmatched: Unmatched, facts: HostFacts): Wording {
  const { filter } = unmatched;
  const matches = `${thisFilter(filter)} matches no packet`;
  const end = blocksNothing(filter);
  switch (unmatched.kind) {
    case 'me': {
      const of = unmatched.family === undefined ? '' : ` IPv${unmatched.family}`;
      const help =
        facts.interfaces === undefined
          ? `say with --me which${of} address the host has, or write the address in place of me`
          : (filterAbove(packetInterfaces(facts)) ??
            `give an interface of the policy an${of} address, or write the address in place of me`);
      return { message: `${matches}, because me has no${of} address here${end}`, help };
    }
    case 'within-host':
      return {
        message: `${matches}, because both ends are me, and packets of the host to itself pass no interface${end}`,
        help: 'remove it, or write the other end',
      };
    case 'unspecified-source':
      return {
        message: `${matches}, because no host sends from 0.0.0.0 but one that asks for an address${end}`,
        help: 'write me for this host, any for every address',
      };
    case 'mapped':
      return {
        message: `${matches}, because an IPv4-mapped IPv6 address stands in no packet${end}`,
        help: 'write the IPv4 address',
      };
    case 'families':
      return {
        message: `${matches}: its ends have no address family in common${end}`,
        help: 'give both ends addresses of one family, or remove it',
      };
  }
}

export function observeMissingInterfaces(all: readonly MissingInterface[]): readonly Observation[] {
  return all.map((missing) => ({
    code: 'XP0415',
    span: missing.rule.span,
    about: missing.filter === undefined ? [missing.name] : [missing.filter, missing.name],
    size: 0,
    group: undefined,
    word: () => wordMissing(missing),
  }));
}

function wordMissing({ rule, name, why, known, isWhole }: MissingInterface): Wording {
  const listed = known.length === 0 ? 'none' : known.join(', ');
  const lost = rule.action === 'block' ? ': nothing is blocked by it' : ': it permits nothing';
  const end = isWhole ? lost : ` there${lost}`;
  const self = `rule "${rule.name}" is limited to ${name}`;
  switch (why) {
    case 'unfiltered':
      return {
        message: `${self}, and ${name} is not filtered${end}`,
        help: `filter it too (-i ${name}), or name one that is: ${listed}`,
      };
    case 'pattern':
      return {
        message: `${self}, but interfaces takes names and no patterns, and there is no interface of that name${end}`,
        help: `name each; there are: ${listed}`,
      };
    case 'unknown':
      return {
        message: `${self}, and there is no interface ${name}${end}`,
        help: [didYouMean(name, known), `there are: ${listed}`].filter((one) => one !== undefined).join(' '),
      };
  }
}

export function observeMeWithoutIpv4(found: MeWithoutIpv4 | undefined, policy: Policy): readonly Observation[] {
  const [first] = found?.filters ?? [];
  if (found === undefined || first === undefined) return [];
  return [
    {
      code: 'XP0414',
      span: first.filter.span,
      about: [...found.filters, 'me without IPv4'],
      size: 0,
      group: undefined,
      word: () => wordMeWithoutIpv4(found, policy),
    },
  ];
}

function wordMeWithoutIpv4({ filters, interfaces }: MeWithoutIpv4, policy: Policy): Wording {
  const names = interfaces.map(({ name }) => name).join(', ');
  const blocking = policy.rules.filter(
    (rule) => rule.action === 'block' && filters.some((filter) => filter.rule === rule),
  );
  const blocked = blocking.map(({ name }) => `"${name}"`).join(', ');
  const message =
    `me has no IPv4 address on ${names}: ${filters.length} filter${filters.length === 1 ? '' : 's'} with me ` +
    `match${filters.length === 1 ? 'es' : ''} no IPv4 packet${blocked === '' ? '' : `, so rule ${blocked} blocks none`}`;
  const help = filterAbove(interfaces) ?? `give ${names} an IPv4 address, or write the address in place of me`;
  return { message, help };
}
