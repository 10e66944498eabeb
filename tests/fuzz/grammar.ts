import type { Random } from './random.js';
import { MAX_BODY } from './site.js';

/** A valid request, with the expectations of its response. */
export interface ValidRequest {
  readonly method: string;
  /** The bytes, one character each. */
  readonly bytes: string;
  /** Whether the connection ends with its response: certainly, maybe (an unread body), or not. */
  readonly closes: 'yes' | 'maybe' | 'no';
  /** The whole body of its response, if it is known. */
  readonly content: string | undefined;
}

interface Body {
  readonly method: string;
  readonly fields: readonly string[];
  readonly content: string;
}

const FILES = ['/', '/file.txt', '/big.bin', '/list/', '/list', '/list/two%20&%20%3Cthree%3E.txt'] as const;
const OTHERS = [
  '/missing',
  '/old',
  '/gone',
  '/only-get/',
  '/tiny',
  '/tried/x',
  '/.secret',
  '/a/../file.txt',
  '/%66ile.txt',
  '/files/kept',
  '/files/',
  '/list/?C=N;O=D',
  'http://a/file.txt',
] as const;
const SCRIPTS = [
  '/run/cat.sh',
  '/run/env.sh?a=b',
  '/run/move.sh',
  '/run/none.sh',
  '/run/rubbish.sh/x',
] as const;

const RANGES = [
  'bytes=0-0',
  'bytes=-5',
  'bytes=5-',
  'bytes=0-1,3-4',
  'bytes=9-2',
  'bytes=999999999-',
  'x=1',
] as const;
const FIELDS = [
  'Accept: application/json',
  'Accept: text/html,*/*;q=0.8',
  'Accept-Encoding: gzip, br',
  'User-Agent: fuzz/1.0 (a "quoted" thing)',
  'If-None-Match: *',
  'If-Match: "nothing", W/"weak"',
  'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT',
  'If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT',
  'If-Range: "x"',
  'Cookie: a=b; c=d',
  'X-Empty:',
  'Under_Score: dropped',
  'Connection: x-mine',
  'Upgrade: h2c',
  'Proxy: http://evil/',
] as const;

/** @param number distinguishes it from other requests of the session */
export function validRequest(random: Random, number: number): ValidRequest {
  const what = random.below(100);
  if (what < 35) return echo(random, number);
  if (what < 60) return request(random, random.pick(['GET', 'GET', 'GET', 'HEAD']), random.pick(FILES));
  if (what < 75)
    return request(random, random.pick(['GET', 'POST', 'DELETE', 'OPTIONS', 'TRACE']), random.pick(OTHERS));
  if (what < 97) return upload(random);
  return script(random);
}

/** Its response identifies the request. */
function echo(random: Random, number: number): ValidRequest {
  const args = `${number}-${random.text(random.small(200))}`;
  const { method, fields, content } = random.chance(0.3) ? withContent(random, 'POST') : bare('GET');
  return compose(random, { method, fields, content }, `/echo?${args}`, 'no', args);
}

function request(random: Random, method: string, target: string): ValidRequest {
  const body = method === 'POST' ? withContent(random, method) : bare(method);
  const range = random.chance(0.2) ? [`Range: ${random.pick(RANGES)}`] : [];
  const tooMuch = target === '/tiny' || target === '/only-get/';
  return compose(
    random,
    { ...body, fields: [...body.fields, ...range] },
    target,
    tooMuch && body.content !== '' ? 'maybe' : 'no',
  );
}

function upload(random: Random): ValidRequest {
  // Few names: they are put, replaced, read, listed and deleted at the same time, and the list stays short.
  const name = random.text(1);
  if (random.chance(0.2)) return request(random, random.pick(['GET', 'DELETE']), `/files/${name}`);
  if (random.chance(0.6)) return compose(random, withContent(random, 'PUT'), `/files/${name}`, 'no');
  const { type, content } = form(random);
  return compose(random, framed(random, 'POST', content, [`Content-Type: ${type}`]), '/files/', 'maybe');
}

function form(random: Random): { type: string; content: string } {
  const boundary = random.text(1 + random.below(40));
  let content = '';
  for (let part = random.below(4); part >= 0; part -= 1) {
    const file = random.chance(0.6) ? `; filename="${random.text(1)}.txt"` : '';
    content += `--${boundary}\r\nContent-Disposition: form-data; name="${random.text(3)}"${file}\r\n`;
    if (random.chance(0.5)) content += 'Content-Type: text/plain\r\n';
    content += `\r\n${random.text(random.small(3000))}\r\n`;
  }
  return { type: `multipart/form-data; boundary=${boundary}`, content: `${content}--${boundary}--\r\n` };
}

function script(random: Random): ValidRequest {
  const target = random.pick(SCRIPTS);
  return compose(random, random.chance(0.5) ? withContent(random, 'POST') : bare('GET'), target, 'no');
}

function bare(method: string): Body {
  return { method, fields: [], content: '' };
}

function withContent(random: Random, method: string): Body {
  return framed(random, method, random.text(random.small(MAX_BODY / 2), 'xyz\r\n\0 :01'), []);
}

/** A body after one of the ways to declare its end. */
function framed(random: Random, method: string, content: string, fields: readonly string[]): Body {
  const expect = random.chance(0.1) ? ['Expect: 100-continue'] : [];
  const all = [...fields, ...expect];
  if (random.chance(0.5)) return { method, fields: [...all, `Content-Length: ${content.length}`], content };
  return { method, fields: [...all, 'Transfer-Encoding: chunked'], content: chunked(random, content) };
}

function chunked(random: Random, content: string): string {
  let coded = '';
  const extended = random.chance(0.2);
  for (let at = 0; at < content.length; ) {
    const piece = content.slice(at, at + 1 + random.small(5000));
    const extension = extended ? random.pick([';a', ';a=b', ' ; a = "b\\"c"', ';a="";b=1']) : '';
    coded += `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return `${coded}0\r\n${random.chance(0.1) ? 'X-Trailer: t\r\nHost: evil\r\n' : ''}\r\n`;
}

function compose(
  random: Random,
  { method, fields, content }: Body,
  target: string,
  closes: 'maybe' | 'no',
  answer?: string,
): ValidRequest {
  const isOld = content === '' && random.chance(0.05);
  const isLast = random.chance(0.03);
  const lines = [
    `Host: ${target.startsWith('http') ? 'a' : random.pick(['a', 'a:80', '[::1]', 'localhost'])}`,
    ...fields,
    ...(isLast ? ['Connection: close'] : []),
  ];
  while (random.chance(0.4)) lines.splice(random.below(lines.length + 1), 0, random.pick(FIELDS));
  const head = `${method} ${target} HTTP/1.${isOld ? 0 : 1}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
  return {
    method,
    bytes: head + content,
    // If a body is announced and then not read, the server must close the connection.
    closes: isOld || isLast ? 'yes' : head.includes('100-continue') ? 'maybe' : closes,
    // A precondition or an expectation may lead to another response.
    content: /^(?:If-|Range|Upgrade)/m.test(head) ? undefined : answer,
  };
}
