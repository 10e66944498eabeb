import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from './chromium.js';
import { type Command, demonstration } from './command.js';

let server: Command;
let browser: Browser;

beforeAll(async () => {
  server = await demonstration();
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.end('SIGTERM');
});

/** Opens a page and collects the errors that a visitor's console would show. */
async function visit(path: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(`http://localhost:8080${path}`, { waitUntil: 'networkidle' });
  return { page, complaints };
}

describe('a browser', () => {
  it('opens the front page with its style and pictures, without errors in the console', async () => {
    const { page, complaints } = await visit('/');
    expect(complaints).toEqual([]);
    expect(await page.locator('h1').first().isVisible()).toBe(true);
    // Evaluated in the page, which has a document; this process has none.
    const broken = await page.evaluate(
      '[...document.images].filter((image) => image.naturalWidth === 0).length',
    );
    expect(broken).toBe(0);
    const rules = await page.evaluate(
      '[...document.styleSheets].reduce((sum, sheet) => sum + sheet.cssRules.length, 0)',
    );
    expect(rules).toBeGreaterThan(5);
    await page.close();
  });

  it('opens the listing, and a file in it by its link', async () => {
    const { page, complaints } = await visit('/listing/');
    await page.getByRole('link', { name: 'names with spaces & signs.txt' }).click();
    await page.waitForURL('**/names%20with%20spaces%20%26%20signs.txt');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('uploads files on the upload page, sees them listed, fetches one back and deletes it', async () => {
    const file = join(tmpdir(), `webserv-e2e-${process.pid}.txt`);
    await writeFile(file, 'from a browser');
    const { page, complaints } = await visit('/upload.html');
    await page.locator('input[type=file]').setInputFiles(file);
    await page.locator('form button, form input[type=submit]').first().click();
    const name = `webserv-e2e-${process.pid}.txt`;
    await page.getByText(name).first().waitFor();
    const stored = await page.request.get(`http://localhost:8080/files/${name}`);
    expect(await stored.text()).toBe('from a browser');
    const row = page.locator('li, tr').filter({ hasText: name });
    await row.getByRole('button').click();
    await row.waitFor({ state: 'detached' });
    expect((await page.request.get(`http://localhost:8080/files/${name}`)).status()).toBe(404);
    expect(complaints).toEqual([]);
    await page.close();
    await rm(file);
  });
});
