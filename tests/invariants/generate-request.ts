import { encode, generateFields, mutate } from '../differential/generate-request.js';
import { allLocations, type Request, type World } from '../differential/model.js';
import type { Random } from '../fuzz/random.js';
import { UPLOAD } from './site.js';

const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
] as const;
/** Targets that an uploader may try, to get scripts run or pages replaced. */
const UPLOADS = [
  '/up/new.sh',
  '/up/new.sh/',
  '/up/new.sh/x',
  '/up/page.html.gz',
  '/up/index.sh',
  '/up/run.sh',
];
const QUERIES = ['?members/x.txt', '?members/run.sh', '?run.sh', '?up/new.sh', '?a=b'] as const;

/** Generates a request for an existing file, or a slightly altered one. */
export function generateRequest(random: Random, { servers: [server], tree }: World): Request {
  const files = [...tree.keys()].filter((path) => path.startsWith('root/')).map((path) => path.slice(4));
  const locations = [...allLocations(server.locations)].filter(({ kind }) => kind !== 'extension');
  const from = random.pick<readonly string[]>([files, files, locations.map(({ path }) => path), UPLOADS]);
  let target = encode(random, from[random.below(from.length)] ?? '/');
  for (let count = random.below(3); count > 0; count -= 1) target = mutate(random, target);
  if (random.chance(0.2)) target += random.pick(QUERIES);
  const method = random.pick(METHODS);
  const body =
    method === 'PUT'
      ? UPLOAD
      : method === 'POST'
        ? 'x'.repeat(random.pick([0, 10, 11, 999, 1001]))
        : undefined;
  const length = body === undefined ? [] : [['Content-Length', String(body.length)] as const];
  return {
    method,
    target,
    version: '1.1',
    host: 'site.test',
    fields: [...generateFields(random), ...length],
    body,
  };
}
