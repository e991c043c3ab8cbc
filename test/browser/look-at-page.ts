/** What people look at of a page, and what axe finds in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';

const WIDTHS = [1280, 390] as const;
const SCHEMES = ['light', 'dark'] as const;
const HEIGHT = 800;
const AXE = new URL('../../node_modules/axe-core/axe.min.js', import.meta.url);
/** In the page, where axe is a global. */
const SERIOUS = `axe.run().then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => id + ' ' + nodes[0].html))`;

/**
 * Pictures of a screen, wide and narrow, light and dark. The page is never wider than the window, whatever is on it, and the
 * rules of a policy are never wider than the page.
 */
export async function photographIn(
  page: Page,
  folder: string,
  name: string,
  widths: readonly number[] = WIDTHS,
): Promise<void> {
  for (const width of widths) {
    for (const scheme of SCHEMES) {
      await page.setViewport({ width, height: HEIGHT });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      // The editor measures its lines anew a frame after the window has another width.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.screenshot({ path: join(folder, `${name}-${width}-${scheme}.png`) });
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${name} ${width}`).toBe(width);
      const beyond = await page.$$eval('.rules', (frames) => frames.map((one) => one.scrollWidth - one.clientWidth));
      expect(
        beyond.filter((pixels) => pixels > 0),
        `${name} ${width}: the rules`,
      ).toEqual([]);
    }
  }
}

/** What keeps people from using the page as it is, by axe. */
export async function seriousFaults(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, 'utf8'));
  return (await page.evaluate(SERIOUS)) as readonly string[];
}
