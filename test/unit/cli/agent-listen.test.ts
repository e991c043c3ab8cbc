import { expect, test } from 'vitest';
import { parseListen } from '../../../src/cli/commands/agent.ts';
import { UsageError } from '../../../src/cli/exit.ts';

test.each([
  [':9477', { host: undefined, port: 9477 }],
  ['127.0.0.1:9477', { host: '127.0.0.1', port: 9477 }],
  ['localhost:0', { host: 'localhost', port: 0 }],
  ['[::1]:65535', { host: '::1', port: 65535 }],
])('--listen %s', (value, expected) => {
  expect(parseListen(value)).toEqual(expected);
});

test.each(['', '9477', '127.0.0.1', '::1:9477', ':65536', ':x', '[]:1', '1.2.3.4:123456'])(
  '--listen %j is refused',
  (value) => {
    expect(() => parseListen(value)).toThrow(UsageError);
  },
);
