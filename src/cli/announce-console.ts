/** The one-time address of a console: printed, and opened where there is a desktop. */
import { spawn } from 'node:child_process';
import type { ConsoleAddress } from '../api/console-session.ts';
import { print, printJson, warn } from './render/terminal.ts';

export interface AnnounceOptions {
  readonly json?: boolean;
  readonly open: boolean;
}

/** Where there is a desktop. That it fails is of no matter: the address is printed. */
function openBrowser(address: string): void {
  if (process.env['DISPLAY'] === undefined && process.env['WAYLAND_DISPLAY'] === undefined) return;
  const browser = spawn('xdg-open', [address], { detached: true, stdio: 'ignore' });
  browser.once('error', () => undefined).unref();
}

export function announceConsole(opened: ConsoleAddress, { json, open }: AnnounceOptions): void {
  if (json === true) printJson(opened);
  else {
    const { port } = new URL(opened.address);
    print(opened.address);
    warn('It can be used once, within five minutes; the session then lasts eight hours.');
    warn(`From another machine, first: ssh -L ${port}:127.0.0.1:${port} HOST`);
  }
  if (open) openBrowser(opened.address);
}
