/** A worker can end at any moment, also inside a call: the other threads go on. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectNoLeaks, objectFile } from './support.ts';

expectNoLeaks();

/** Of each kind of call; XDPOL_WORKER_ENDS asks for more. */
const ENDS = Number(process.env['XDPOL_WORKER_ENDS'] ?? 3);
const LIBRARY = JSON.stringify(join(import.meta.dirname, '..', 'dist', 'index.js'));

/** What a worker does until it is ended. */
const CALLS: Readonly<Record<string, string>> = {
  'an error': `for (;;) { try { bpf.openMapById(2 ** 31); } catch {} }`,
  interfaces: `for (;;) { bpf.interfaces(); bpf.tcpSockets(); bpf.capabilities(); bpf.ethtoolFacts('lo'); }`,
  'the entries of a map': `
    const map = bpf.createMap({ name: 'm', type: 'hash', keySize: 4, valueSize: 4, maxEntries: 100 });
    for (let i = 0; i < 100; i++) map.update(new Uint8Array(Uint32Array.of(i).buffer), new Uint8Array(4));
    for (;;) { map.lookupBatch(); for (const entry of map.entries()) void entry; }`,
  'mapped memory': `
    for (;;) {
      const map = bpf.createMap({ name: 'm', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1, flags: 1024 });
      map.mmap();
      map[Symbol.dispose]();
    }`,
  'reading an object': `for (;;) bpf.inspectObject(object);`,
  'loading, with a getter': `
    const slow = { get name() { for (let i = 0; i < 1e5; i++) void i; return 'x'; } };
    for (;;) bpf.loadObject(beside, slow)[Symbol.dispose]();`,
  'test runs': `
    const drop = bpf.loadObject(object).programs.get('drop');
    for (;;) { try { drop.testRun(new Uint8Array(60), { repeat: 100 }); drop.testRun(new Uint8Array(3)); } catch {} }`,
  'a callback of consume': `
    const loaded = bpf.loadObject(object);
    for (;;) {
      const ring = new bpf.RingBuffer(loaded.maps.get('ring'), () => { for (let i = 0; i < 1e3; i++) void i; });
      for (let i = 0; i < 20; i++) loaded.programs.get('emit').testRun(new Uint8Array(60));
      ring.consume();
      ring[Symbol.dispose]();
    }`,
  'a callback of the event loop': `
    const loaded = bpf.loadObject(object);
    globalThis.kept = new bpf.RingBuffer(loaded.maps.get('ring'), () => { for (let i = 0; i < 1e3; i++) void i; });
    setInterval(() => {
      for (let i = 0; i < 200; i++) loaded.programs.get('emit').testRun(new Uint8Array(60));
    }, 0);`,
};

function endWorkers(calls: string): string {
  const body = `
    const object = ${JSON.stringify(objectFile('probes'))};
    const beside = ${JSON.stringify(objectFile('beside'))};
    import(${LIBRARY}).then((bpf) => { require('node:worker_threads').parentPort.postMessage('ready'); ${calls} });`;
  return `
    const { Worker } = require('node:worker_threads');
    (async () => {
      for (let i = 0; i < ${ENDS}; i++) {
        const worker = new Worker(${JSON.stringify(body)}, { eval: true, execArgv: [] });
        await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
        await new Promise((resolve) => setTimeout(resolve, (7 * i) % 5));
        await worker.terminate();
      }
      console.log('alive');
    })();`;
}

for (const [name, calls] of Object.entries(CALLS)) {
  test(`during ${name}`, { timeout: 60_000 + 2_000 * ENDS }, () => {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', endWorkers(calls)], {
      encoding: 'utf8',
    });
    expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: 'alive\n', stderr: '' });
  });
}
