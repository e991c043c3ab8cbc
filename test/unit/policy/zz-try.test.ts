import { test } from 'vitest';
import { Diagnostics } from '../../../src/base/diagnostics.ts';
import { readPolicy } from '../../../src/policy/read/policy-reader.ts';
import { renderDiagnostics } from '../../../src/cli/render-diagnostics.ts';
test('try', () => {
  for (const text of [`name: Packet Filter
defualt: block
strict: yes
compat: windows2000
exemptions: [kerberos, foo]
addressSets:
  office: [10.1.0.0/16, 2001:db8:1::/48, 10.1.2.3/16, me, 10.0.0.0/255.0.255.0]
  scanners: { file: scanners.txt }
  unused: []
filterLists:
  Inbound web protocols:
    - "*+131.107.1.1:80:TCP"
    - "*+131.107.1.1:80:tcp"
    - "10.1.2.3/8+[2001:db8::1]:80:TCP"
    - '[*+2001:db8::1:80:TCP]'
    - { source: any, destination: me, protocol: tpc, destinationPort: [70000, 9-3, a], mirrored: yes }
    - { source: 0, destination: $ofice, icmpCode: 3, established: true }
    - { source: 10.0.0.1, destination: '2001:db8::1', protocol: icmp, mirorred: true }
  empty: []
rules:
  - { name: web, filterList: Inbound web protocol, action: permit }
  - { name: web, filterList: empty, action: INPASS, interfaces: [] }
  - { action: deny, filters: [] }
  - { filterList: empty, filters: 3 }
`, 'a: *\n- x', '- *+131.107.1.1:80:TCP', '['.repeat(20000), '- '.repeat(20000), '&a [*a]', '', 'name: {a: [b}']) {
    const d = new Diagnostics();
    const p = readPolicy({ file: 'edge.yaml', text, readSetFile: () => '10.0.0.1\r\n# x\n10.0.0.300\n  2001:db8::/31 # c\n2001:db8::1/31' }, d);
    console.log(renderDiagnostics(d.all, { color: false }), p);
  }
});
