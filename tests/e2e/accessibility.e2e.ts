import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser } from './chromium.js';
import { type Command, demonstration } from './command.js';

/** Read as text, not imported: the program runs in the page. */
const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const uploads = fileURLToPath(new URL('../../sites/uploads/', import.meta.url));
const UPLOADED = `accessible-${process.pid}.txt`;

let server: Command;
let browser: Browser;
let axe: string;

beforeAll(async () => {
  axe = await readFile(axePath, 'utf8');
  server = await demonstration();
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await server?.end('SIGTERM');
  await rm(`${uploads}${UPLOADED}`, { force: true });
});

/** The way to reach a page: by its address, or by a visitor's actions there. */
type Reach = (page: Page) => Promise<unknown>;

const MAIN = 'http://localhost:8080';
const at =
  (path: string, origin = MAIN): Reach =>
  (page) =>
    page.goto(origin + path, { waitUntil: 'networkidle' });

/** Submits a form without the page's script, so that the response is a page. */
const sending =
  (path: string, fill: Reach): Reach =>
  async (page) => {
    await page.goto(MAIN + path);
    await fill(page);
    await Promise.all([
      page.waitForNavigation(),
      page.evaluate("document.querySelector('main form').submit()"),
    ]);
  };

const pages: Readonly<Record<string, Reach>> = {
  'the front page': at('/'),
  'a directory’s index': at('/folder/'),
  'a listing': at('/listing/'),
  'a listing inside': at('/listing/letters/'),
  'the list of uploads': at('/files/'),
  scripts: at('/cgi/'),
  'a shell script': at('/cgi/hello.cgi?name=you'),
  'a Python script': at('/cgi/count.py'),
  'a PHP script': at('/cgi/info.php?greeting=hello'),
  uploads: at('/upload.html'),
  'GET only': at('/only-get/'),
  members: at('/members/'),
  'an image': at('/images/hills.svg'),
  'the error page of 403': at('/private'),
  'the error page of 404': at('/absent'),
  'the error page of 502': at('/cgi/broken.cgi'),
  'the error page of 413': sending('/', (page) => page.locator('textarea').fill('x'.repeat(200))),
  'the built-in error page': sending('/only-get/', () => Promise.resolve()),
  'the response to an upload': sending('/upload.html', (page) =>
    page.locator('input[type=file]').setInputFiles({
      name: UPLOADED,
      mimeType: 'text/plain',
      buffer: Buffer.from('one'),
    }),
  ),
  'the second site': at('/', 'http://second.localhost:8080'),
  'the third site': at('/', 'http://localhost:8081'),
  'an application in one page': at('/app/anything', 'http://localhost:8081'),
};

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

/** Violations that axe-core reports, including its best practices. */
async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(`if (!('axe' in window)) {${axe}}`);
  const found: { readonly violations: readonly Violation[] } = await page.evaluate('axe.run()');
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary = '' }) => `${id}: ${target.join(' ')} ${failureSummary}`),
  );
}

const WIDTHS = [360, 1280];
const SCHEMES = ['light', 'dark'] as const;

describe('axe-core finds no violations, and no element is wider than the page', { timeout: 240_000 }, () => {
  let context: BrowserContext;

  beforeAll(async () => {
    context = await browser.newContext({ httpCredentials: { username: 'demo', password: 'demo' } });
  });

  afterAll(async () => {
    await context?.close();
  });

  it.each(Object.entries(pages))('%s', async (_, reach) => {
    const page = await context.newPage();
    await reach(page);
    const found: string[] = [];
    for (const width of WIDTHS) {
      for (const colorScheme of SCHEMES) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        const look = `${width} px, ${colorScheme}`;
        for (const violation of await violationsOf(page)) found.push(`${look}: ${violation}`);
        const wide: unknown = await page.evaluate('document.documentElement.scrollWidth');
        if (typeof wide !== 'number' || wide > width) found.push(`${look}: ${wide} px wide`);
      }
    }
    expect(found).toEqual([]);
    await page.close();
  });
});
