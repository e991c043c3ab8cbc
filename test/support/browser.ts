/** Debian's chromium inside a network namespace: a page there sees what a browser on that host would. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { launch } from 'puppeteer-core';
import type { NamespacePair, Side } from './namespaces.ts';

const CHROMIUM = '/usr/bin/chromium';

/** The console as it is opened by `xdpol console`. */
export function consoleAddress(pair: NamespacePair, ...options: readonly string[]): string {
  return pair.exec(pair.host, pair.xdpol('console', '--no-open', ...options)).trim();
}

/** No request leaves the namespace: it has no route to anywhere. Closed with `close()`, or with the test process. */
export async function startBrowser(pair: NamespacePair, { namespace }: Side): Promise<Browser> {
  const profile = mkdtempSync(join(pair.directory, 'browser-'));
  const options = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--no-first-run',
    '--hide-scrollbars',
    '--force-color-profile=srgb',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
    'about:blank',
  ];
  return await launch({
    executablePath: '/usr/bin/nsenter',
    ignoreDefaultArgs: true,
    args: [`--net=/run/netns/${namespace}`, '--', CHROMIUM, ...options],
    pipe: true,
    protocolTimeout: 60_000,
    timeout: 60_000,
  });
}

/** As a person finds it: the button, link or field of that name. */
export async function press(page: Page, name: string, role: 'button' | 'link' = 'button'): Promise<void> {
  await page.locator(`::-p-aria([name="${name}"][role="${role}"])`).click();
}

export async function waitForText(page: Page, text: string, selector = 'body'): Promise<void> {
  try {
    await page.waitForFunction(
      (where, wanted) => document.querySelector(where)?.textContent?.includes(wanted) === true,
      { polling: 100 },
      selector,
      text,
    );
  } catch (cause) {
    const found = await page.evaluate((where) => document.querySelector(where)?.textContent, selector);
    throw new Error(`"${text}" did not come in ${selector}, which has: ${found}`, { cause });
  }
}

export async function textOf(page: Page, selector: string): Promise<string> {
  return await page.$eval(selector, (element) => element.textContent ?? '');
}

/** Typed in place of what a field holds, as a person does: what it holds is selected, and the first key replaces it. */
export async function fill(page: Page, selector: string, text: string): Promise<void> {
  const field = page.locator(selector);
  await field.click({ count: 3 });
  await page.keyboard.type(text);
}

/** The one of a few that starts with the words. */
export async function choose(page: Page, label: string): Promise<void> {
  const found = await page.waitForSelector(`::-p-xpath(//label[starts-with(normalize-space(.), "${label}")]//input)`);
  await found?.click();
}
