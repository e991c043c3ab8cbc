/** A person who uses the keys alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyInput, Page } from 'puppeteer-core';

/** Keys that are pressed on the way to something. */
const MOST = 120;

interface Focused {
  readonly name: string;
  /** Is it marked, so that a person sees where he is? */
  readonly isSeen: boolean;
}

/** What has the focus, by the beginning of its name. */
async function focused(page: Page): Promise<Focused> {
  return await page.evaluate(() => {
    const host = document.activeElement;
    const element = host?.shadowRoot?.activeElement ?? host;
    if (element == null) return { name: '', isSeen: false };
    const label = element.closest('label')?.textContent;
    const name = (element.getAttribute('aria-label') ?? label ?? element.textContent ?? '').trim();
    const { outlineStyle } = getComputedStyle(element.closest('.cm-editor') ?? element);
    return { name, isSeen: element.matches(':focus-visible') && outlineStyle !== 'none' };
  });
}

/** Goes on with Tab until the focus is on what has a name that begins so, and is seen there. */
export async function tabTo(page: Page, name: string): Promise<void> {
  const met: string[] = [];
  for (let i = 0; i < MOST; i++) {
    await page.keyboard.press('Tab');
    const found = await focused(page);
    met.push(found.name.slice(0, 30));
    if (!found.name.startsWith(name)) continue;
    // The editor marks itself a moment later.
    for (let tries = 0; tries < 20; tries++) {
      if ((await focused(page)).isSeen) return;
      await sleep(25);
    }
    throw new Error(`the focus on ${found.name} is not seen`);
  }
  throw new Error(`Tab does not lead to ${name}, but to: ${[...new Set(met)].join(' | ')}`);
}

export async function pressOn(page: Page, name: string, key: KeyInput = 'Enter'): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press(key);
}

/** The name of what has the focus. */
export async function nameOfFocused(page: Page): Promise<string> {
  return (await focused(page)).name;
}
