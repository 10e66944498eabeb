import fc from 'fast-check';

/** Valid configurations as texts, with directives of every kind in every block. */

/** Quoted, so that it may contain any character. */
const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .map((value) => `"${value.replaceAll('\0', '').replace(/["\\$]/g, '\\$&')}"`);

const name = fc.stringMatching(/^[a-z]{1,6}$/);
const flag = fc.constantFrom('on', 'off');
const size = fc.constantFrom('0', '512', '10k', '3m', '1g');
const time = fc.constantFrom('1s', '500ms', '1h30m', '90');
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'BREW');

type Line = fc.Arbitrary<string>;
const line = (directive: string, ...words: fc.Arbitrary<string>[]): Line =>
  fc.tuple(...words).map((values) => `${[directive, ...values].join(' ')};`);

/** Directives allowed in all three blocks. */
const everywhere: readonly Line[] = [
  line('client_max_body_size', size),
  line('follow_symlinks', flag),
  line('default_type', fc.constantFrom('text/plain', '"text/html; charset=x"')),
  line('cgi_max_processes', fc.constantFrom('1', '2', '2')),
];

const connection: readonly Line[] = [
  line('keepalive_timeout', time),
  line('client_header_timeout', time),
  line('client_max_header_size', fc.constantFrom('2k', '64k')),
];

const main: readonly Line[] = [
  ...everywhere,
  ...connection,
  line('error_log', fc.constantFrom('stderr', 'logs/e.log', '"a b.log" warn')),
  line('max_connections', fc.constantFrom('1', '5000')),
  line('file_cache', fc.constantFrom('off', '1m', '64k valid=500ms')),
  line('state_dir', fc.constantFrom('/var/lib/site', 'state', '"../a b"')),
  line('server_dir', fc.constantFrom('/srv/a', 'sub', '..', '"a b"')),
];

/** Directives allowed in servers and locations. */
const route: readonly Line[] = [
  ...everywhere,
  line('root', fc.constantFrom('www', '/srv/www', '../x', '"a b;c"')),
  line(
    'methods',
    fc.array(method, { minLength: 1, maxLength: 4 }).map((methods) => methods.join(' ')),
  ),
  line('static', flag),
  line('index', fc.constantFrom('index.html', 'a.html b.html', '"i n.html"')),
  line('etag', flag),
  line('cache_control', fc.constantFrom('no-store', '"public, max-age=60"')),
  line('try_files', fc.constantFrom('$uri', '$uri/', '"/a b"'), fc.constantFrom('/index.html?$args', '=404')),
  line('autoindex', flag),
  line('autoindex_format', fc.constantFrom('html', 'json', 'auto')),
  line('return', fc.constantFrom('403', '301 /a$is_args$args', 'https://example.org$request_uri')),
  text.map((words) => `return 200 ${words};`),
  line('cgi_timeout', fc.constantFrom('5s', '2m')),
  line('cgi_path_info', fc.constantFrom('full', 'rest')),
  line('cgi_require_file', flag),
  line('upload', flag),
  line('upload_delete', flag),
  line('upload_store', fc.constantFrom('store', '/srv/store')),
  line('upload_conflict', fc.constantFrom('replace', 'rename', 'refuse')),
  line('upload_max_files', fc.constantFrom('1', '10000')),
];

/** Directives that may be repeated in a block. */
const repeatable: readonly Line[] = [
  line('error_page', fc.constantFrom('404', '500 502', '403 =200'), fc.constantFrom('/e.html', '/e?x=1')),
  line(
    'cgi',
    fc.constantFrom('.py', '.x', '.php'),
    fc.constantFrom('', 'python3', './run.sh -a "b c"', '"a b"'),
  ),
  text.chain((value) => line('cgi_env', fc.constantFrom('A', 'B_1'), fc.constant(value))),
  fc.constantFrom('types { text/x x; }', 'types { image/y Y .yy; "text/z; charset=z" z; }'),
];

/** At most one of each single directive, in any order, mixed with the repeatable ones. */
function block(single: readonly Line[], many: readonly Line[]): fc.Arbitrary<string[]> {
  return fc
    .tuple(fc.subarray([...single], { maxLength: 8 }), fc.array(fc.constantFrom(...many), { maxLength: 3 }))
    .chain(([some, others]) => fc.tuple(...[...some, ...others]))
    .map((lines) => {
      const known = new Set<string>();
      return lines.filter((each) => {
        const directive = each.split(' ', 1)[0] ?? '';
        const isFirst = !known.has(directive);
        known.add(directive);
        return isFirst || /^(?:error_page|cgi|cgi_env|types)$/.test(directive);
      });
    });
}

const inRoute = block(route, repeatable);

function locations(prefix: string, depth: number): fc.Arbitrary<string> {
  if (depth === 0) return fc.constant('');
  const one = fc
    .tuple(name, fc.constantFrom('prefix', 'exact', 'extension', 'spaced'), inRoute)
    .chain(([own, kind, lines]) => {
      const path = `${prefix}/${own}`;
      const head = { prefix: path, exact: `= ${path}`, extension: `*.${own}`, spaced: `"${path} ü"` }[kind];
      const inner = kind === 'prefix' ? locations(path, depth - 1) : fc.constant('');
      return inner.map((blocks) => ({ head, text: `location ${head} {\n${lines.join('\n')}\n${blocks}}\n` }));
    });
  return fc
    .uniqueArray(one, { maxLength: 3, selector: ({ head }) => head })
    .map((blocks) => blocks.map(({ text: written }) => written).join(''));
}

const server = fc.tuple(
  fc.array(name, { maxLength: 2 }),
  fc.constantFrom('', 'listen unix:run/a.sock;\n'),
  block([...route, ...connection], repeatable),
  locations('', 3),
);

export const anyConfiguration: fc.Arbitrary<string> = fc
  .tuple(block(main, repeatable.slice(0, 1)), fc.array(server, { minLength: 1, maxLength: 3 }))
  .map(([lines, servers]) => {
    const blocks = servers.map(([names, socket, inside, blocksInside], index) => {
      const named = names.map((each) => `server_name ${each} *.${each}.${index};\n`).join('');
      const listens = `listen ${8000 + index};\n${index === 0 ? socket : ''}`;
      return `server {\n${listens}${named}${inside.join('\n')}\n${blocksInside}}\n`;
    });
    return `${lines.join('\n')}\n${blocks.join('')}`;
  });
