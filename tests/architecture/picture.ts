import { floorsOf, type RoomGraph, reduced } from './room-graph.js';

/** Draws docs/architecture.svg: floors from top to bottom, a box for each room, arrows for imports. */

/** Column and caption of each room, in at most 30 characters. A room below another one in its column gets a straight arrow. */
export const PLACES: Readonly<Record<string, readonly [column: number, caption: string]>> = {
  cli: [1, 'the webserv command'],
  inspect: [0, 'explain, schema, reference'],
  process: [1, 'master, workers, reload'],
  testing: [2, 'test kit for plugins'],
  'builtin.ts': [3, 'list of built-in plugins'],
  plugins: [3, 'all that a site does'],
  'index.ts': [3, 'all that a plugin may import'],
  'kernel/server': [1, 'one process that serves'],
  'kernel/http1': [1, 'bytes to requests and back'],
  'kernel/tls': [0, 'handshakes, certificates'],
  'kernel/net': [1, 'sockets, listeners, timeouts'],
  'kernel/exchange': [1, 'a request with its route'],
  'kernel/routing': [1, 'host and path to a route'],
  'kernel/hooks': [1, 'calls plugins, isolates them'],
  'kernel/config': [2, 'nginx’s language, compiled'],
  'kernel/contract': [1, 'types that plugins see'],
  'kernel/limits': [2, 'bounds on work and time'],
  'kernel/http': [2, 'HTTP as such, without I/O'],
  certificates: [4, 'X.509, the local authority'],
  'kernel/log': [0, 'error log and log files'],
  'kernel/metrics': [1, 'counters and histograms'],
  'kernel/rights': [0, 'users, permissions, writing'],
  'kernel/files': [2, 'opens files below a root'],
  'kernel/path': [2, 'URL paths, decoded safely'],
  'kernel/diagnostics': [1, 'errors with line and caret'],
};

const COLUMNS = 5;
const BOX = { width: 200, height: 56 };
const STEP = { x: 234, y: 92 };
const MARGIN = { left: 40, top: 96, right: 40, bottom: 84 };
/** Between arrows that begin or end at the same side of a box. */
const PORT = 34;

const STYLE = `
  svg { color-scheme: light dark; }
  text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
  .paper { fill: #ffffff; }
  .kernel { fill: #f1f5fa; stroke: #c5d0dd; }
  .outside { fill: #f4f8f0; stroke: #c9d8ba; }
  .box { fill: #ffffff; stroke: #57606a; stroke-width: 1.2; }
  .kernel-box { stroke: #2f6db3; }
  .outside-box { stroke: #4b7f25; }
  .title { font-size: 20px; font-weight: 600; }
  .name { font-size: 15px; font-weight: 600; }
  .small { font-size: 12px; fill: #57606a; }
  .label { font-size: 13px; font-weight: 600; fill: #57606a; }
  .arrow { fill: none; stroke: #6e7781; stroke-width: 1.4; }
  .head { fill: #6e7781; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .paper { fill: #0d1117; }
    .kernel { fill: #121b27; stroke: #2b3a4d; }
    .outside { fill: #141d10; stroke: #33452a; }
    .box { fill: #161b22; stroke: #8b949e; }
    .kernel-box { stroke: #5c9ce6; }
    .outside-box { stroke: #7fb950; }
    .small, .label { fill: #9aa4af; }
    .arrow { stroke: #8b949e; }
    .head { fill: #8b949e; }
  }
`;

interface Box {
  readonly room: string;
  readonly column: number;
  readonly floor: number;
  /** Left upper corner, in pixels. */
  readonly x: number;
  readonly y: number;
}

/** @throws Error for a room without a place, two rooms in one place, and an arrow that would cross a box */
export function pictureOf(graph: RoomGraph): string {
  const arrows = reduced(graph.imports);
  const boxes = placed(graph);
  const floors = Math.max(...[...boxes.values()].map(({ floor }) => floor)) + 1;
  const width = MARGIN.left + (COLUMNS - 1) * STEP.x + BOX.width + MARGIN.right;
  const height = MARGIN.top + (floors - 1) * STEP.y + BOX.height + MARGIN.bottom;
  const rooms = [...boxes.values()];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    '<title id="title">The rooms of webserv and which imports from which</title>',
    `<style>${STYLE}</style>`,
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
    `<rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="${MARGIN.left}" y="38">The rooms of webserv</text>`,
    `<text class="small" x="${MARGIN.left}" y="60">An arrow is an import, and it only goes down: a room knows nothing of the rooms above it.</text>`,
    group(
      rooms.filter(({ room }) => isOfKernel(room)),
      'kernel',
      'src/kernel',
    ),
    group(
      rooms.filter(({ room }) => isOutside(room)),
      'outside',
      'plugins',
    ),
    ...arrowsOf(arrows, boxes),
    ...rooms.map((box) => boxOf(box, graph.files.get(box.room) ?? 0)),
    `<text class="small" x="${MARGIN.left}" y="${height - 22}">Left out: an import that a chain of arrows implies; define-config.ts, builtin-directives.ts and package-directory.ts of src. Files are counted without tests.</text>`,
    '</svg>',
    '',
  ].join('\n');
}

const isOfKernel = (room: string): boolean => room.startsWith('kernel/');
const isOutside = (room: string): boolean => ['builtin.ts', 'plugins', 'index.ts'].includes(room);

function placed(graph: RoomGraph): ReadonlyMap<string, Box> {
  const floors = floorsOf(graph.imports);
  const top = Math.max(...floors.values());
  const boxes = new Map<string, Box>();
  const taken = new Map<string, string>();
  for (const [room, floor] of [...floors].sort(([, one], [, other]) => other - one)) {
    const place = PLACES[room];
    if (place === undefined) throw new Error(`expected a column and a caption of ${room} in PLACES`);
    const [column] = place;
    const other = taken.get(`${column} ${floor}`);
    if (other !== undefined)
      throw new Error(`${room} and ${other} are in one place: change a column in PLACES`);
    taken.set(`${column} ${floor}`, room);
    const x = MARGIN.left + column * STEP.x;
    const y = MARGIN.top + (top - floor) * STEP.y;
    boxes.set(room, { room, column, floor, x, y });
  }
  return boxes;
}

/** A field behind boxes, with its name. */
function group(boxes: readonly Box[], style: string, name: string): string {
  const left = Math.min(...boxes.map(({ x }) => x)) - 14;
  const right = Math.max(...boxes.map(({ x }) => x)) + BOX.width + 14;
  const above = Math.min(...boxes.map(({ y }) => y)) - 26;
  const below = Math.max(...boxes.map(({ y }) => y)) + BOX.height + 14;
  return `<rect class="${style}" x="${left}" y="${above}" width="${right - left}" height="${below - above}" rx="10"/><text class="label" x="${left + 12}" y="${above + 18}">${name}</text>`;
}

function boxOf({ room, x, y }: Box, files: number): string {
  const [, caption] = PLACES[room] ?? [0, ''];
  const style = isOfKernel(room) ? ' kernel-box' : isOutside(room) ? ' outside-box' : '';
  const name = room.replace('kernel/', '');
  const count = room.endsWith('.ts')
    ? ''
    : `<text class="small" x="${x + BOX.width - 12}" y="${y + 23}" text-anchor="end">${files} ${files === 1 ? 'file' : 'files'}</text>`;
  return [
    `<g><title>${room}</title><rect class="box${style}" x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="6"/>`,
    `<text class="name" x="${x + 12}" y="${y + 23}">${name}</text>${count}`,
    `<text class="small" x="${x + 12}" y="${y + 43}">${caption}</text></g>`,
  ].join('');
}

interface Arrow {
  readonly from: Box;
  readonly to: Box;
}

function arrowsOf(arrows: RoomGraph['imports'], boxes: ReadonlyMap<string, Box>): readonly string[] {
  const all = [...arrows].flatMap(([room, targets]) =>
    [...targets].flatMap((target): readonly Arrow[] => {
      const from = boxes.get(room);
      const to = boxes.get(target);
      return from === undefined || to === undefined ? [] : [{ from, to }];
    }),
  );
  for (const arrow of all) checkFree(arrow, [...boxes.values()]);
  return all.map((arrow) => {
    const start = port(
      arrow.from,
      all.filter(({ from }) => from === arrow.from),
      arrow,
      ({ to }) => to.column,
    );
    const end = port(
      arrow.to,
      all.filter(({ to }) => to === arrow.to),
      arrow,
      ({ from }) => from.column,
    );
    return pathOf(start, end, arrow);
  });
}

/** Arrows turn into the column of their target on the first floor below their source; from there on it must be free. */
function checkFree({ from, to }: Arrow, boxes: readonly Box[]): void {
  const inTheWay = boxes.find(
    ({ column, floor }) => column === to.column && floor < from.floor && floor > to.floor,
  );
  if (inTheWay !== undefined)
    throw new Error(
      `the arrow from ${from.room} to ${to.room} crosses ${inTheWay.room}: change a column in PLACES`,
    );
}

/** Spreads the arrows of one side of a box, in the order of the columns they come from or go to. */
function port(box: Box, arrows: readonly Arrow[], arrow: Arrow, columnOf: (arrow: Arrow) => number): number {
  const sorted = arrows.toSorted((one, other) => columnOf(one) - columnOf(other));
  return box.x + BOX.width / 2 + (sorted.indexOf(arrow) - (sorted.length - 1) / 2) * PORT;
}

function pathOf(startX: number, endX: number, { from, to }: Arrow): string {
  const startY = from.y + BOX.height;
  const turned = from.y + STEP.y;
  const bend = (STEP.y - BOX.height) / 2;
  const curve = `M${startX} ${startY}C${startX} ${startY + bend} ${endX} ${turned - bend} ${endX} ${turned - 1}`;
  const straight = to.y > turned ? `V${to.y - 1}` : '';
  return `<path class="arrow" d="${curve}${straight}" marker-end="url(#head)"><title>${from.room} imports ${to.room}</title></path>`;
}
