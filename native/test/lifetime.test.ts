import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createMap, loadObject, RingBuffer } from 'libbpf-ts-bindings';
import { describe, expect, test } from 'vitest';
import { expectCode, expectNoLeaks, objectFile, u32 } from './support.ts';

expectNoLeaks();

const library = JSON.stringify(join(import.meta.dirname, '..', 'dist', 'index.js'));
const array = `{ name: 'array', type: 'array', keySize: 4, valueSize: 4, maxEntries: 2, flags: 1024 }`;

/** Runs a module of its own, so that its end and its garbage are seen from outside. */
function runModule(source: string, ...flags: readonly string[]) {
  const args = [...flags, '--input-type=module', '--eval', `import * as bpf from ${library};\n${source}`];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
  return { status, signal, stdout, stderr };
}

describe('objects of another class', () => {
  test('as an argument', () => {
    using object = loadObject(objectFile('probes'));
    const program = object.programs.get('drop');
    const map = object.maps.get('hits');
    if (program === undefined || map === undefined) throw new Error('the object lacks its parts');
    for (const wrong of [program, object, {}, null, undefined, 7, Object.create(map)]) {
      expectCode('EINVAL', () => program.bindMap(wrong as never));
    }
  });

  test('as a receiver', () => {
    using object = loadObject(objectFile('probes'));
    const program = object.programs.get('drop');
    const map = object.maps.get('hits');
    if (program === undefined || map === undefined) throw new Error('the object lacks its parts');
    for (const [of, names] of [
      [map, ['spec', 'id', 'closed', 'valueStride']],
      [program, ['name', 'type', 'tag', 'insnCount', 'loadTime', 'mapIds', 'closed']],
    ] as const) {
      for (const name of names) {
        const getter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(of), name)?.get;
        const other = of === map ? program : map;
        expectCode('EINVAL', () => getter?.call(other));
        expectCode('EINVAL', () => getter?.call(undefined));
        expectCode('EINVAL', () => getter?.call(Object.create(of)));
      }
    }
    expect(() => map.lookup.call(program as never, u32(0))).toThrow();
    expect(() => map[Symbol.dispose].call(program as never)).toThrow();
    expect(program.closed).toBe(false);
  });

  test('constructors that only the library calls', () => {
    using map = createMap({ name: 'array', type: 'array', keySize: 4, valueSize: 4, maxEntries: 1 });
    const mapClass = map.constructor as new () => unknown;
    expectCode('EINVAL', () => new mapClass());
    expectCode('EINVAL', () => Reflect.construct(RingBuffer, [], mapClass));
  });
});

describe('forgotten handles', () => {
  test('are closed and reported', () => {
    const probes = JSON.stringify(objectFile('probes'));
    const { status, stderr, stdout } = runModule(
      `
      import { readdirSync, readlinkSync } from 'node:fs';
      const open = () => readdirSync('/proc/self/fd').filter((fd) => {
        try { return readlinkSync('/proc/self/fd/' + fd).includes('bpf'); } catch { return false; }
      }).length;
      (() => {
        bpf.createMap(${array}).mmap();
        const { programs, maps } = bpf.loadObject(${probes}, { programs: ['accept'] });
        for (const map of maps.values()) map[Symbol.dispose]();
        programs.get('accept').attachTcx(1, 'egress');
      })();
      const before = open();
      for (let i = 0; i < 50 && open() > 0; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)); }
      console.log(before, open());`,
      '--expose-gc',
    );
    expect(stdout).toBe('3 0\n');
    const warnings = [...stderr.matchAll(/LeakWarning: libbpf-ts-bindings: leaked (.*) \(id \d+\)/gu)];
    expect(warnings.map(([, what]) => what).sort()).toEqual([
      'BpfLink "accept"',
      'BpfMap "array"',
      'BpfProgram "accept"',
    ]);
    expect(status).toBe(0);
  });

  test('disposed ones are not', () => {
    const source = `(() => { using(bpf.createMap(${array})); function using(m) { m.mmap(); m[Symbol.dispose](); } })();
      for (let i = 0; i < 5; i++) { gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }`;
    expect(runModule(source, '--expose-gc')).toMatchObject({ status: 0, stderr: '' });
  });

  test('the end of the process closes what is open', () => {
    const probes = JSON.stringify(objectFile('probes'));
    const source = `const o = bpf.loadObject(${probes});
      globalThis.kept = [o, o.maps.get('.bss').mmap(), new bpf.RingBuffer(o.maps.get('ring'), () => {})];
      kept[2].unref();`;
    expect(runModule(source)).toMatchObject({ status: 0, signal: null, stderr: '' });
    expect(runModule(`${source}\nprocess.exit(3);`)).toMatchObject({ status: 3, signal: null, stderr: '' });
  });

  test('a RingBuffer keeps the process alive until it is disposed', () => {
    const probes = JSON.stringify(objectFile('probes'));
    const source = `const o = bpf.loadObject(${probes}, { programs: ['emit'] });
      const ring = new bpf.RingBuffer(o.maps.get('ring'), (bytes) => {
        console.log(bytes.length);
        ring[Symbol.dispose]();
        o[Symbol.dispose]();
      });
      setTimeout(() => o.programs.get('emit').testRun(new Uint8Array(60)), 50).unref();
      setTimeout(() => {}, 200);`;
    expect(runModule(source)).toMatchObject({ status: 0, stdout: '8\n', stderr: '' });
  });

  test('an exception in the callback of a RingBuffer ends the process as any other', () => {
    const probes = JSON.stringify(objectFile('probes'));
    const source = `const o = bpf.loadObject(${probes}, { programs: ['emit'] });
      new bpf.RingBuffer(o.maps.get('ring'), () => { throw new Error('from the callback'); });
      o.programs.get('emit').testRun(new Uint8Array(60));`;
    const { status, stderr } = runModule(source);
    expect(status).toBe(1);
    expect(stderr).toMatch(/Error: from the callback/u);
  });
});

test('workers have a library of their own and close it', () => {
  const probes = JSON.stringify(objectFile('probes'));
  const body = `
    const { parentPort } = require('node:worker_threads');
    import(${library}).then((bpf) => {
      const o = bpf.loadObject(${probes});
      const memory = o.maps.get('.bss').mmap();
      const ring = new bpf.RingBuffer(o.maps.get('ring'), () => {});
      globalThis.kept = [o, memory, ring];
      let code = '';
      try { bpf.openMapById(2 ** 31); } catch (error) { code = error instanceof bpf.BpfError ? error.code : 'other'; }
      parentPort.postMessage(code);
    });`;
  const source = `
    import { Worker } from 'node:worker_threads';
    import { readdirSync, readlinkSync } from 'node:fs';
    const mine = bpf.createMap(${array});
    const results = await Promise.all(Array.from({ length: 4 }, () => new Promise((resolve, reject) => {
      const worker = new Worker(${JSON.stringify(body)}, { eval: true, execArgv: [] });
      worker.on('error', reject);
      worker.on('message', async (code) => { await worker.terminate(); resolve(code); });
    })));
    const left = readdirSync('/proc/self/fd').filter((fd) => {
      try { return readlinkSync('/proc/self/fd/' + fd).includes('bpf'); } catch { return false; }
    }).length;
    console.log(results.join(), left, mine.lookup(new Uint8Array(4)).length);
    mine[Symbol.dispose]();`;
  expect(runModule(source)).toMatchObject({ status: 0, stdout: 'ENOENT,ENOENT,ENOENT,ENOENT 1 4\n', stderr: '' });
});

test('nothing is written to the terminal by libbpf', () => {
  const refused = JSON.stringify(objectFile('refused'));
  const source = `try { bpf.loadObject(${refused}); } catch (error) { console.log(error.code); }`;
  expect(runModule(source)).toMatchObject({ stdout: 'EACCES\n', stderr: '' });
});

test('inspectObject needs no privileges', () => {
  const probes = objectFile('probes');
  const script = `import(${library}).then((bpf) => console.log(bpf.inspectObject(require('node:fs').readFileSync(0)).license))`;
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
  const output = execFileSync(
    'sh',
    ['-c', `setpriv ${nobody.join(' ')} "$0" --eval "$1" < "$2"`, process.execPath, script, probes],
    {
      encoding: 'utf8',
    },
  );
  expect(output).toBe('GPL\n');
});
