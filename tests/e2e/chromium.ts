import { type Browser, chromium } from 'playwright-core';

/**
 * Starts the machine's Chromium, which sends no requests of its own.
 * @param flags further flags of its command line
 */
export function openBrowser(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      ...flags,
    ],
  });
}
