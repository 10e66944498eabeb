import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Lists the files that npm would pack. Skips scripts, because the build does not matter here. */
function packedFiles(): readonly string[] {
  const printed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const parsed: unknown = JSON.parse(printed.slice(printed.indexOf('[')));
  const [first] = Array.isArray(parsed) ? parsed : [];
  return first.files.map(({ path }: { path: string }) => path);
}

const files = packedFiles();
const pages = files.filter((name) => name.endsWith('.md'));

/** Returns targets of links and images that are not URLs, outside of code. */
function linksOf(text: string): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Anchors of headings, as sites that render Markdown generate them. */
function anchorsOf(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

it('the package holds its pages', () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/plugins.md', 'plugins/static/README.md']));
});

it.each(pages)('%s links to what is in the package, and to headings that are there', (page) => {
  const read = (name: string) => readFileSync(`${root}${name}`, 'utf8');
  const dead = linksOf(read(page)).filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), decodeURI(path)));
    const isPacked = files.includes(target) || files.some((name) => name.startsWith(`${target}/`));
    if (!isPacked) return true;
    return anchor !== undefined && target.endsWith('.md') && !anchorsOf(read(target)).has(anchor);
  });
  expect(dead).toEqual([]);
});

it('nothing that a message names is missing in the package', () => {
  expect(files).toEqual(expect.arrayContaining(['docs/from-nginx.md', 'docs/webserv.schema.json']));
});
