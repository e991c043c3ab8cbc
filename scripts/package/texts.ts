/** The texts that Debian wants of a package: control, changelog, copyright. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundledPackages } from '../bundle.ts';
import { ROOT } from './tree.ts';

const MAINTAINER = 'The xdpol authors <xdpol@xdpol.invalid>';
/** Debian has Node's licence here; elsewhere it lies beside the installation. */
const NODE_LICENCES = ['/usr/share/doc/nodejs/LICENSE', '../LICENSE', '../share/doc/node/LICENSE'] as const;

/** `kibibytes` is the size of what is installed. */
export function controlText(version: string, architecture: string, kibibytes: number): string {
  return `Package: xdpol
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${kibibytes}
Depends: libc6 (>= 2.36), libstdc++6 (>= 12), libgcc-s1, libbpf1 (>= 1:1.1), libelf1, zlib1g
Recommends: systemd, iproute2
Section: net
Priority: optional
Description: packet-filter policies for Linux hosts, applied by XDP
 A policy is a set of rules without an order: of all filters that match a
 packet, the most specific one decides. A compiler turns the policy into lookup
 tables, and one fixed BPF program looks packets up in them: at XDP for what
 arrives, at tcx or clsact for outgoing packets.
 .
 The package has a Node.js runtime of its own. Installing, upgrading and
 removing it change nothing of what is filtered.
`;
}

/** Debian's form of CHANGELOG.md: a block for each released version, newest first. */
export function changelogText(version: string, markdown: string, time: Date): string {
  const section = new RegExp(
    `^## ${version.replaceAll('.', '\\.')}\\b.*\\n(?<body>[\\s\\S]*?)(?=^## |$(?![\\s\\S]))`,
    'mu',
  );
  const body = section.exec(markdown)?.groups?.['body'];
  if (body === undefined) throw new Error(`CHANGELOG.md has no section ## ${version}`);
  const changes = body.split('\n').filter((line) => line.trim() !== '');
  const lines = changes.map((line) => line.replace(/^- /u, '  * ').replace(/^ {2}(?=\S)(?!\*)/u, '    '));
  const date = `${time.toUTCString().replace('GMT', '+0000')}`;
  return `xdpol (${version}) stable; urgency=medium\n\n${lines.join('\n')}\n\n -- ${MAINTAINER}  ${date}\n`;
}

function licenceIn(folder: string): string {
  const name = readdirSync(folder).find((file) => /^(?:licen[cs]e|copying)/iu.test(file));
  return name === undefined
    ? 'The licence named above, without a text in its package.'
    : readFileSync(join(folder, name), 'utf8');
}

function nodeLicence(): string {
  const places = NODE_LICENCES.map((place) => join(place.startsWith('/') ? '' : dirname(process.execPath), place));
  const found = places.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`the licence of Node.js is at none of ${places.join(', ')}`);
  return readFileSync(found, 'utf8');
}

/** xdpol's own, and where those of the parts are. */
export function copyrightText(): string {
  const parts =
    'Licences of the parts, of Node.js among them: third-party-licences.gz in this folder.\n' +
    'The GNU General Public License is in /usr/share/common-licenses/GPL-2.';
  return `xdpol\n\n${readFileSync(join(ROOT, 'LICENSE'), 'utf8').trim()}\n\n${parts}\n`;
}

/** Every package that is in the bundle, and the runtime. */
export async function thirdPartyText(): Promise<string> {
  const packages = (await bundledPackages()).map((name) => {
    const folder = join(ROOT, name);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      readonly name: string;
      readonly version: string;
      readonly license?: string;
    };
    return `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})\n\n${licenceIn(folder)}`;
  });
  const node = `Node.js ${process.versions.node}, in /usr/lib/xdpol/node\n\n${nodeLicence()}`;
  return [...packages, node]
    .map((text) => text.trim())
    .join(`\n\n${'-'.repeat(78)}\n\n`)
    .concat('\n');
}
