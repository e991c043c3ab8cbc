/** The pages of the wizard on which a rule is typed. */
import type { VNode } from 'preact';
import type { Action } from '../../../policy/model.ts';
import { Choice } from '../../parts/choice.tsx';
import type { AddressKind, MirrorChoice, ProtocolName, TypedFilter, TypedRule } from './rule.ts';
import { hasIcmpType, hasPorts, mirrorOf, sayMirror } from './rule.ts';

const ACTIONS = [
  { value: 'permit', label: 'Permit', about: 'Packets that match pass.' },
  { value: 'block', label: 'Block', about: 'Packets that match are dropped silently.' },
] as const;

interface RulePageProps {
  readonly rule: TypedRule;
  readonly onChange: (rule: TypedRule) => void;
}

export function RulePage({ rule, onChange }: RulePageProps): VNode | null {
  return (
    <>
      <label>
        Name of the rule
        <input
          value={rule.name}
          required
          placeholder="Inbound web protocols"
          autocomplete="off"
          onInput={(event) => onChange({ ...rule, name: event.currentTarget.value })}
        />
      </label>
      <Choice
        legend="Action"
        options={ACTIONS}
        value={rule.action}
        onChange={(action: Action) => onChange({ ...rule, action })}
      />
      <label>
        Only on these interfaces
        <input
          value={rule.interfaces}
          placeholder="every interface"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => onChange({ ...rule, interfaces: event.currentTarget.value })}
        />
      </label>
      <p class="help">
        No rule has a place in an order: of the filters that match a packet, the most specific decides.
      </p>
    </>
  );
}

const ADDRESSES: readonly { readonly value: AddressKind; readonly label: string; readonly about: string }[] = [
  { value: 'any', label: 'Any address', about: 'IPv4 and IPv6.' },
  { value: 'me', label: 'This host', about: 'Every address of the filtered interfaces, followed as they change.' },
  { value: 'local', label: 'This host, broadcast and multicast', about: 'Everything that reaches sockets here.' },
  { value: 'address', label: 'Addresses or subnets', about: '192.0.2.10, 198.51.100.0/24, 2001:db8::/32' },
  { value: 'set', label: 'An address set', about: 'One that the policy defines, by its name.' },
  { value: 'name', label: 'A DNS name', about: 'All its addresses.' },
];

export interface FilterPageProps {
  readonly filter: TypedFilter;
  readonly onChange: (filter: TypedFilter) => void;
}

export function AddressPage({
  end,
  filter,
  onChange,
}: FilterPageProps & { readonly end: 'source' | 'destination' }): VNode | null {
  const address = filter[end];
  const isTyped = address.kind === 'address' || address.kind === 'set' || address.kind === 'name';
  return (
    <>
      <Choice
        legend={end === 'source' ? 'Packets come from' : 'Packets go to'}
        options={ADDRESSES}
        value={address.kind}
        onChange={(kind: AddressKind) => onChange({ ...filter, [end]: { ...address, kind } })}
      />
      {isTyped && (
        <label>
          {ADDRESSES.find(({ value }) => value === address.kind)?.label}
          <input
            value={address.text}
            required
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => onChange({ ...filter, [end]: { ...address, text: event.currentTarget.value } })}
          />
        </label>
      )}
    </>
  );
}

const PROTOCOLS: readonly { readonly value: ProtocolName; readonly label: string }[] = [
  { value: 'any', label: 'Any protocol' },
  { value: 'tcp', label: 'TCP' },
  { value: 'udp', label: 'UDP' },
  { value: 'icmp', label: 'ICMP' },
  { value: 'icmpv6', label: 'ICMPv6' },
  { value: 'sctp', label: 'SCTP' },
  { value: 'number', label: 'Another, by its number' },
];

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onInput: (text: string) => void;
}

function Field({ label, value, placeholder, onInput }: FieldProps): VNode | null {
  return (
    <label>
      {label}
      <input
        value={value}
        placeholder={placeholder}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </label>
  );
}

export function ProtocolPage({ filter, onChange }: FilterPageProps): VNode | null {
  const set = (key: keyof TypedFilter) => (text: string) => onChange({ ...filter, [key]: text });
  const ports = 'any; 443, 8000-8080 or https, several apart by commas';
  return (
    <>
      <label>
        Protocol
        <select
          value={filter.protocol}
          onChange={(event) => onChange({ ...filter, protocol: event.currentTarget.value as ProtocolName })}
        >
          {PROTOCOLS.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {filter.protocol === 'number' && (
        <Field label="Number" value={filter.protocolNumber} placeholder="47" onInput={set('protocolNumber')} />
      )}
      {hasPorts(filter) && (
        <>
          <Field label="To port" value={filter.destinationPort} placeholder={ports} onInput={set('destinationPort')} />
          <Field label="From port" value={filter.sourcePort} placeholder={ports} onInput={set('sourcePort')} />
        </>
      )}
      {hasIcmpType(filter) && (
        <Field label="Type" value={filter.icmpType} placeholder="any" onInput={set('icmpType')} />
      )}
    </>
  );
}

const MIRRORS = [
  { value: 'no', label: 'No' },
  { value: 'established', label: 'Only of connections under way' },
  { value: 'yes', label: 'Yes, mirrored' },
] as const;

export function MirrorPage({ filter, action, onChange }: FilterPageProps & { readonly action: Action }): VNode | null {
  const isTcp = filter.protocol === 'tcp';
  const options = MIRRORS.filter(({ value }) => isTcp || value !== 'established').map(({ value, label }) => ({
    value,
    label,
    about: sayMirror(value, filter, action),
  }));
  return (
    <Choice
      legend="The way back as well?"
      options={options}
      value={mirrorOf(filter)}
      onChange={(mirror: MirrorChoice) => onChange({ ...filter, mirror })}
    />
  );
}
