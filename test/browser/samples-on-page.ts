/** Sampled packets as the Drops screen shows them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'puppeteer-core';
import { press } from '../support/browser.ts';

/** Sends until the first sample is shown: at most 20 times. */
export async function untilSampled(page: Page, send: () => void): Promise<void> {
  for (let i = 0; i < 20; i++) {
    send();
    await sleep(500);
    if ((await page.$('tbody tr')) !== null) return;
  }
  throw new Error('no sample was shown');
}

/** What *Download pcapng* would save, in base64. */
export async function downloaded(page: Page): Promise<string> {
  await page.evaluate(() => {
    const make = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob: Blob) => {
      void blob.arrayBuffer().then((bytes) => {
        document.body.dataset['saved'] = btoa(String.fromCharCode(...new Uint8Array(bytes)));
      });
      return make(blob);
    };
  });
  await press(page, 'Download pcapng');
  await page.waitForFunction(() => document.body.dataset['saved'] !== undefined, { polling: 100 });
  return await page.evaluate(() => document.body.dataset['saved'] ?? '');
}
