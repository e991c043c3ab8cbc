import { expect, test } from 'vitest';
import { Diagnostics } from '../../../../src/base/diagnostics.ts';
import { readChart } from '../../../../src/formats/chart/chart.ts';
import { plainFilter } from '../../../../src/formats/yaml/print.ts';

const HEADER = 'Role,Direction,From/to,Interface IP address,IP Protocol,TCP/UDP port';

interface Read {
  /** `role: source>destination protocol port mirrored`, blocks left out. */
  readonly filters: readonly string[];
  readonly rules: readonly string[];
  readonly codes: readonly string[];
}

function read(text: string): Read {
  const diags = new Diagnostics();
  const policy = readChart({ file: 'chart.csv', text, name: 'test' }, diags)?.policy;
  const permits = policy?.rules.filter(({ action }) => action === 'permit') ?? [];
  return {
    filters: permits.flatMap(({ name, filterList }) =>
      filterList.filters.map((filter) => `${name}: ${Object.values(plainFilter(filter)).join(' ')}`),
    ),
    rules: policy?.rules.map(({ name, action }) => `${action} ${name}`) ?? [],
    codes: diags.all.map(({ code, span }) => `${code}@${span.line}:${span.column}+${span.length}`),
  };
}

const rows: readonly (readonly [row: string, ...filters: string[]])[] = [
  ['a,in,all,10.0.0.1,TCP,80', 'a: any 10.0.0.1 tcp 80 true'],
  ['a,out,all,10.0.0.1,TCP,80', 'a: 10.0.0.1 any tcp 80 established'],
  ['a,out,192.0.2.53,10.0.0.1,UDP,53', 'a: 10.0.0.1 192.0.2.53 udp 53 true'],
  ['a,in,all,10.0.0.1,TCP/UDP,53', 'a: any 10.0.0.1 tcp 53 true', 'a: any 10.0.0.1 udp 53 true'],
  [
    'a,"in, out","10.1.0.0/16, all",10.0.0.1,TCP,25',
    'a: 10.1.0.0/16 10.0.0.1 tcp 25 true',
    'a: 10.0.0.1 any tcp 25 established',
  ],
  ['a,In/Out,all,10.0.0.1,tcp,25', 'a: any 10.0.0.1 tcp 25 true', 'a: 10.0.0.1 any tcp 25 established'],
  ['a,out,mail.example.com,me,TCP,25', 'a: me mail.example.com tcp 25 established'],
  ['a,in,all,My IP address,TCP,"80, 443, 8000–8080"', 'a: any me tcp 80,443,8000-8080 true'],
  [
    'a,in,"192.0.2.1, 192.0.2.2",10.0.0.1,TCP,80',
    'a: 192.0.2.1 10.0.0.1 tcp 80 true',
    'a: 192.0.2.2 10.0.0.1 tcp 80 true',
  ],
  ['a,in,all,10.0.0.1,ICMP,n/a', 'a: any 10.0.0.1 icmp true'],
  ['a,in,all,10.0.0.1,any,', 'a: any 10.0.0.1 true'],
  ['a,in,all,2001:db8::1,47,', 'a: any 2001:db8::1 47 true'],
];
for (const [row, ...filters] of rows) {
  test(`chart row ${row}`, () => expect(read(`${HEADER}\n${row}\n`)).toMatchObject({ filters, codes: [] }));
}

test('rows of one role go together, an empty role goes on with the one above', () => {
  const text = `${HEADER}\na,in,all,10.0.0.1,TCP,1\nb,in,all,10.0.0.1,TCP,2\n,in,all,10.0.0.2,TCP,3\na,in,all,10.0.0.1,TCP,4`;
  expect(read(text)).toEqual({
    filters: [
      'a: any 10.0.0.1 tcp 1 true',
      'a: any 10.0.0.1 tcp 4 true',
      'b: any 10.0.0.1 tcp 2 true',
      'b: any 10.0.0.2 tcp 3 true',
    ],
    rules: ['permit a', 'permit b', 'block All inbound traffic to 10.0.0.1', 'block All inbound traffic to 10.0.0.2'],
    codes: [],
  });
});

const same: readonly (readonly [what: string, text: string])[] = [
  ['CRLF, a byte order mark and blank lines', `\ufeff\r\n${HEADER}\r\n\r\na,in,all,10.0.0.1,TCP,80\r\n\r\n`],
  ['tabs', `${HEADER.replaceAll(',', '\t')}\na\tin\tall\t10.0.0.1\tTCP\t80`],
  ['semicolons', `${HEADER.replaceAll(',', ';')}\na;in;all;10.0.0.1;TCP;80\n`],
  [
    'quotes everywhere, broken over lines',
    `"Role","Direction","From/to","Interface IP\naddress","IP Protocol","TCP/UDP\nport"\n" a ","in","all","10.0.0.1","TCP","80"`,
  ],
  [
    'Markdown without outer bars',
    `${HEADER.replaceAll(',', ' | ')}\n--|:-:|--|--|--|--\na | in | all | 10.0.0.1 | TCP | 80\n`,
  ],
  [
    'Markdown after another table',
    `|a|\n\n${`|${HEADER.replaceAll(',', '|')}|`}\n|-|-|-|-|-|-|\n|a|in|all|10.0.0.1|TCP|80|\ntext`,
  ],
  ['short titles in another order', 'port,protocol,interface address,from/to,DIRECTION,role\n80,TCP,10.0.0.1,all,in,a'],
];
for (const [what, text] of same) {
  test(`chart with ${what}`, () =>
    expect(read(text)).toMatchObject({ filters: ['a: any 10.0.0.1 tcp 80 true'], codes: [] }));
}

const wrong: readonly (readonly [text: string, ...codes: string[]])[] = [
  ['', 'XP0801@1:1+1'],
  ['some text\nand more', 'XP0801@1:1+9'],
  [HEADER, 'XP0801@1:57+12'],
  [HEADER.replace(',IP Protocol', ''), 'XP0803@1:45+12'],
  [`${HEADER},Role\n`, 'XP0804@1:70+4', 'XP0801@1:70+4'],
  [`${HEADER},Notes\na,in,all,10.0.0.1,TCP,80,x`, 'XP0805@1:70+5'],
  [`${HEADER}\na,in, out,all,10.0.0.1,TCP,80`, 'XP0806@2:28+2'],
  [`${HEADER}\na,,all,10.0.0.1,TCP,80`, 'XP0807@2:3+1'],
  [`${HEADER}\na,__proto__,all,10.0.0.1,TCP,80`, 'XP0807@2:3+9'],
  [`${HEADER}\na,in,all,10.0.0.1,TCP,","`, 'XP0110@2:24+1'],
  [`${HEADER}\na,",",",",",",",",80`, 'XP0807@2:4+1', 'XP0809@2:8+1', 'XP0810@2:12+1', 'XP0114@2:16+1'],
  [`${HEADER}\na,"in, up",all,10.0.0.1,TCP,80`, 'XP0807@2:8+2'],
  [`${HEADER}\n"a\tb",in,all,10.0.0.1,TCP,80`],
  [`${HEADER}\n"${'a'.repeat(201)}",in,all,10.0.0.1,TCP,80`, 'XP0010@2:2+201'],
  [`${HEADER}\na,in,lan,10.0.0.1,TCP,80`, 'XP0809@2:6+3'],
  [`${HEADER}\na,in,10.0.0.0/33,10.0.0.1,TCP,80`, 'XP0203@2:6+11'],
  [`${HEADER}\na,in,all,,TCP,80`, 'XP0810@2:10+1'],
  [`${HEADER}\na,in,all,10.0.0.0/24,TCP,80`, 'XP0810@2:10+11'],
  [`${HEADER}\na,in,all,10.0.0.1,TCPIP,80`, 'XP0114@2:19+5'],
  [`${HEADER}\na,in,all,10.0.0.1,TCP,"80, http"`, 'XP0110@2:28+4'],
  [`${HEADER}\na,in,all,10.0.0.1,ICMP,8`, 'XP0120@2:24+1'],
  [`${HEADER}\na,in,2001:db8::1,10.0.0.1,TCP,80`, 'XP0205@2:6+11'],
  [`${HEADER}\n"a,in,all,10.0.0.1,TCP,80`, 'XP0802@2:1+1'],
  [`${HEADER}\n"a" b,in,all,10.0.0.1,TCP,80`, 'XP0802@2:5+1'],
  [
    `${HEADER}\na,in,${Array.from({ length: 1001 }, (_, i) => `10.1.${i >> 8}.${i & 255}`).join(' ')},10.0.0.1,TCP,80`,
    'XP0811@2:6+10570',
  ],
  [`${HEADER}\nAll inbound traffic to me,in,all,me,TCP,80`, 'XP0808@2:1+25'],
];
for (const [text, ...codes] of wrong) {
  test(`chart diagnostics ${codes.join(' ')}: ${JSON.stringify(text.slice(-30))}`, () =>
    expect(read(text).codes).toEqual(codes));
}
