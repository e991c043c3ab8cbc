/** Groups of interfaces for -lan and -dialup: from the configuration, else from `<state>/config.json`, where they were before. */
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import { messageOf } from '../base/message-of.ts';
import type { InterfaceGroup } from '../formats/ipsecpol/command.ts';
import { readIfThere } from '../store/file-system.ts';
import { configPath, requireHostConfig } from './config.ts';

function readConfig(path: string): unknown {
  try {
    const text = readIfThere(path);
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    throw new EnvironmentError('XDPOL_E_CONFIG', `cannot read ${path}: ${messageOf(error)}`, {
      help: 'it is JSON',
      cause: error,
    });
  }
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

/** The interfaces of a group; an error says how to set it where there are none. */
export function interfaceGroup(stateDirectory: string, group: InterfaceGroup): readonly string[] {
  const configured = requireHostConfig().interfaceGroups[group];
  if (configured.length > 0) return configured;
  const path = join(stateDirectory, 'config.json');
  const names = property(property(readConfig(path), 'interfaceGroups'), group);
  const isNames = Array.isArray(names) && names.every((name) => typeof name === 'string');
  if (isNames && names.length > 0) return names;
  throw new EnvironmentError('XDPOL_E_INTERFACE_GROUP', `-${group}: no interfaces are in the group ${group}`, {
    help: `set it in ${configPath()}: interfaceGroups: { ${group}: [eth0] }`,
  });
}
