import fc from 'fast-check';

/** Generators of requests as bytes, one character per byte: from plain ones to bytes that only resemble requests. */

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'FOO', 'get', 'TRACE', 'CONNECT'];

const targets = [
  '/',
  '/',
  '/',
  '/a/b?c=d&e',
  '/a/b?c=d&e',
  '/a%20b',
  '/?a[]={b}|c',
  '/%2e%2e/',
  '/a/../b',
  '//a//',
  '/?',
  '*',
  'http://a/b?c',
  'http://a',
  'https://a/',
  'a:80',
  '/%zz',
  '/%00',
  '/a#b',
  '/\xe9',
  '/..',
  '?a',
];

const versions = [
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/2.0',
  'HTTP/1.2',
  'HTTP/1',
  'http/1.1',
];

const hosts = ['Host: a', 'Host: a', 'Host: a', 'Host: a', 'Host: b', 'Host: a b', 'Host:', 'X: no host'];

const fields = [
  'Host: a',
  'Host: b',
  'host:a:80',
  'Connection: keep-alive',
  'Connection: close',
  'Connection: upgrade, x',
  'Upgrade: h2c',
  'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 99',
  'Expect: 100-continue',
  'Expect: something',
  'X-Custom: some value',
  'X:',
  'X: \t a \t b \t',
  'X_Y: z',
  '__proto__: z',
  'constructor: z',
  '0: z',
  'Cookie: a=b; c=d',
  'Content-Type: text/plain',
  'Content-Type: text/plain\r\nContent-Type: text/html',
  'Accept: */*',
  'X: \xe9\xff',
  'X : y',
  ' X: y',
  'X: a\r\n b',
  'no colon',
  ': no name',
  'X: \0',
  'TE: trailers',
  'Accept: a\r\nAccept: b',
  'Content-Length: 3',
  'Content-Length: 0',
  'Content-Length: 03',
  'Content-Length: 3, 3',
  'Content-Length: +3',
  'Content-Length: 3 ',
  'Content-Length:',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: CHUNKED',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding: chunked;a=b',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding:',
];

const texts = fc.array(fc.constantFrom('a', 'xyz', '\r\n', '0', '\0', '\xff', 'GET / HTTP/1.1\r\n\r\n'), {
  maxLength: 6,
});
const content = texts.map((parts) => parts.join(''));

const chunksWith = (extensions: readonly string[], trailers: readonly string[]): fc.Arbitrary<string> => {
  const chunk = fc
    .tuple(content, fc.constantFrom(...extensions), fc.boolean())
    .map(([data, extension, upper]) => {
      const size = data.length.toString(16);
      return data === '' ? '' : `${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
    });
  return fc
    .tuple(
      fc.array(chunk, { maxLength: 4 }),
      fc.constantFrom('0', '000', '0;x'),
      fc.constantFrom(...trailers),
    )
    .map(([all, last, trailer]) => `${all.join('')}${last}\r\n${trailer}\r\n`);
};

const extensions = ['', '', '', ';a', ';a=b', ' ; a = "b c"', ';a="\\""'];
const trailers = ['', '', '', 'A: b\r\n', 'Host: evil\r\n', 'Content-Length: 5\r\n'];
const chunks = chunksWith(extensions, trailers);
const anyChunks = chunksWith([...extensions, ';', ';a b'], [...trailers, 'A : b\r\n', 'A\r\n']);

/** A message that is valid except for values from the pools above. */
const assembled = fc
  .tuple(
    fc.constantFrom(...methods),
    fc.constantFrom(...targets),
    fc.constantFrom(...versions),
    fc.constantFrom(...hosts),
    fc.array(fc.constantFrom(...fields), { maxLength: 6 }),
    content,
    anyChunks,
  )
  .map(([method, target, version, host, lines, plain, chunked]) => {
    const head = [`${method} ${target} ${version}`, host, ...lines].join('\r\n');
    const isChunked = lines.some((line) => /^transfer-encoding:.*chunked/i.test(line));
    return `${head}\r\n\r\n${isChunked ? chunked : plain}`;
  });

/** A well-formed request with a correctly framed body. */
export const wellFormed = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
    fc.constantFrom('/', '/a/b?c=d', '/a%20b', '/x/../y', 'http://a/b'),
    fc.array(
      fc.constantFrom('X: y', 'Accept: */*', 'Cookie: a=b', 'X-Empty:', 'X-Ows: \t a \t', 'X-Bytes: \xe9'),
      {
        maxLength: 4,
      },
    ),
    fc.oneof(
      fc.constant('\r\n'),
      content.map((plain) => `Content-Length: ${plain.length}\r\n\r\n${plain}`),
      chunks.map((chunked) => `Transfer-Encoding: chunked\r\n\r\n${chunked}`),
    ),
  )
  .map(([method, target, lines, rest]) =>
    [`${method} ${target} HTTP/1.1`, 'Host: a', ...lines, rest].join('\r\n'),
  );

type Mutation = readonly [
  kind: 'insert' | 'delete' | 'replace' | 'repeat',
  where: number,
  bytes: string,
  length: number,
];

const interesting = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  '\0',
  '\x0b',
  '\x7f',
  '\x80',
  ',',
  ';',
  '"',
  '%',
  '#',
  '0',
  '-',
  '+',
  'A',
  '_',
];

const mutation: fc.Arbitrary<Mutation> = fc.tuple(
  fc.constantFrom('insert', 'delete', 'replace', 'repeat'),
  fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  fc.constantFrom(...interesting),
  fc.integer({ min: 1, max: 8 }),
);

function mutate(text: string, [kind, where, bytes, length]: Mutation): string {
  const at = Math.floor(where * (text.length + 1));
  const end = at + length;
  if (kind === 'insert') return text.slice(0, at) + bytes + text.slice(at);
  if (kind === 'delete') return text.slice(0, at) + text.slice(end);
  if (kind === 'replace') return text.slice(0, at) + bytes + text.slice(at + bytes.length);
  return text.slice(0, end) + text.slice(at);
}

/** A message with up to four small changes that an attacker would try. */
export const mutated = fc
  .tuple(fc.oneof(assembled, wellFormed), fc.array(mutation, { maxLength: 4 }))
  .map(([text, mutations]) => mutations.reduce(mutate, text));

/** Several messages pipelined on one connection. */
export const conversation = fc
  .array(fc.oneof({ arbitrary: wellFormed, weight: 2 }, { arbitrary: mutated, weight: 1 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((messages) => messages.join(''));

/** Random bytes, some of which begin like a request. */
export const rubbish = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc
    .array(
      fc.constantFrom(
        ...interesting,
        'GET',
        '/',
        'HTTP/1.1',
        'Host',
        'a',
        'Content-Length',
        'Transfer-Encoding',
        'chunked',
        '5',
      ),
      {
        maxLength: 60,
      },
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(mutated, fc.uint8Array({ maxLength: 50 }))
    .map(([text, tail]) => text + Buffer.from(tail).toString('latin1')),
);
