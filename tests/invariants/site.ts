import type { Location, Rules, Server, Tree, TreeEntry, World } from '../differential/model.js';
import type { Random } from '../fuzz/random.js';

/** Text in the source of a script, but not in its output. */
export const SOURCE = 'SOURCE-OF-A-SCRIPT';
export const OUTSIDE = 'THIS-LIES-OUTSIDE';
/** Output of an uploaded script if it ran; its source spells it differently. */
export const UPLOADED_RAN = 'UPLOADED-RAN-42';
/** Content of uploads: a script. */
export const UPLOAD = '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nUPLOADED-RAN-%s" "$((6 * 7))"\n';

/** Prints which script ran, with which method and how many bytes of input. */
const SCRIPT = `#!/bin/sh
# ${SOURCE}
size=$(wc -c)
printf 'Content-Type: text/plain\\n\\nRAN %s BY %s WITH %s' "$SCRIPT_FILENAME" "$REQUEST_METHOD" "$size"
`;
/** Makes the server respond with another URL. */
const FORWARDER = `#!/bin/sh
# ${SOURCE}
printf 'Location: /%s\\n\\n' "$QUERY_STRING"
`;

const DIRECTORIES = ['', 'open', 'members', 'members/inner', 'app', 'app/lib.sh', 'up', 'finals'] as const;

/** Directory of uploads, separate from the scripts. */
const STORE = 'store/up';

/** Content that identifies its file, so that a response shows where it came from. */
export const marker = (path: string): string => `BODY-OF<${path}>`;

/** Generates a site that combines passwords, methods, limits, scripts, uploads, precompressed siblings and forwards. */
export function generateSite(random: Random, number: number): World {
  return { number, servers: [generateServer(random)], tree: generateTree(random) };
}

function generateTree(random: Random): Tree {
  const tree = new Map<string, TreeEntry>();
  for (const each of ['root', 'store', 'outside']) tree.set(each, directory);
  tree.set('outside/secret.txt', file(OUTSIDE));
  for (const name of DIRECTORIES) {
    const path = name === 'up' ? STORE : name === '' ? 'root' : `root/${name}`;
    tree.set(path, directory);
    for (const each of [
      'index.html',
      'page.html',
      'x.txt',
      'no-extension',
      '.hidden.txt',
      'index.sh',
      'run.sh',
      'go.sh',
    ]) {
      if (!random.chance(0.7)) continue;
      // The upload directory must not contain scripts.
      if (name === 'up' && each.endsWith('.sh')) continue;
      const content =
        each === 'go.sh' ? FORWARDER : each.endsWith('.sh') ? SCRIPT : marker(`${path}/${each}`);
      tree.set(`${path}/${each}`, file(content));
      if (random.chance(0.2) && !each.endsWith('.sh'))
        tree.set(`${path}/${each}.gz`, file(marker(`${path}/${each}`)));
    }
    if (random.chance(0.3)) {
      tree.set(`${path}/out-link`, {
        kind: 'link',
        to: `${'../'.repeat(path.split('/').length)}outside/secret.txt`,
      });
      tree.set(`${path}/out-dir`, { kind: 'link', to: `${'../'.repeat(path.split('/').length)}outside` });
    }
  }
  return tree;
}

const directory: TreeEntry = { kind: 'directory', mode: 0o755 };
const file = (content: string): TreeEntry => ({ kind: 'file', content, mode: 0o644 });

function generateServer(random: Random): Server {
  const locations: Location[] = [
    prefix('/members', { ...rules(random), password: true }, [
      ...(random.chance(0.3)
        ? [prefix('/members/inner', { ...rules(random), password: random.chance(0.5) })]
        : []),
      ...(random.chance(0.3) ? [extension(rules(random))] : []),
    ]),
    prefix('/app', rules(random)),
    {
      ...prefix('/up', { ...rules(random, false), store: true, scripts: false }),
      root: 'store',
    },
  ];
  if (random.chance(0.5))
    locations.push(prefix('/open', rules(random), [exact('/open/run.sh', guarded(random))]));
  if (random.chance(0.4)) locations.push({ ...prefix('/finals', rules(random)), kind: 'final-prefix' });
  if (random.chance(0.5)) locations.push(exact('/run.sh', guarded(random)));
  if (random.chance(0.3)) locations.push(exact('/app/page.html', guarded(random)));
  if (random.chance(0.4)) locations.push(extension({ ...guarded(random), ...rules(random) }));
  return {
    names: ['site.test'],
    root: 'root',
    rules: { ...rules(random, false), scripts: true },
    locations,
  };
}

function prefix(path: string, own: Rules, locations: readonly Location[] = []): Location {
  return { kind: 'prefix', path, root: undefined, rules: own, locations };
}
const exact = (path: string, own: Rules): Location => ({ ...prefix(path, own), kind: 'exact' });
const extension = (own: Rules): Location => ({ ...prefix('.sh', own), kind: 'extension' });

/** Rules that protect a script or a page. */
function guarded(random: Random): Rules {
  return random.pick<Rules>([
    { password: true },
    { methods: ['GET', 'HEAD'] },
    { maxBody: 10 },
    { password: true, methods: ['GET', 'HEAD', 'POST'] },
  ]);
}

const TRY_FILES = [
  ['$uri', '$uri/', '/run.sh?$args'],
  ['$uri', '/members/page.html'],
  ['$uri', '/members/run.sh'],
  ['$uri', '/open/run.sh'],
  ['$uri/index.html', '$uri', '=404'],
  ['/members/x.txt', '=404'],
] as const;
const PAGES = [
  '/page.html',
  '/members/',
  '/members/page.html',
  '/run.sh',
  '/app/go.sh?members/x.txt',
  '/nowhere',
] as const;

function rules(random: Random, mayTryFiles = true): Rules {
  return {
    ...(random.chance(0.3)
      ? { index: random.pick([['index.html'], ['index.sh'], ['index.html', 'index.sh']]) }
      : {}),
    ...(mayTryFiles && random.chance(0.2) ? { tryFiles: random.pick<readonly string[]>(TRY_FILES) } : {}),
    ...(random.chance(0.3)
      ? {
          errorPages: [
            { code: random.pick([401, 403, 404, 405, 413]), uri: random.pick(PAGES), status: undefined },
          ],
        }
      : {}),
    ...(random.chance(0.2) ? { listing: true } : {}),
    ...(random.chance(0.2) ? { siblings: true } : {}),
    ...(random.chance(0.2) ? { maxBody: random.pick([10, 1000]) } : {}),
    ...(random.chance(0.1) ? { methods: ['GET', 'HEAD'] as const } : {}),
  };
}
