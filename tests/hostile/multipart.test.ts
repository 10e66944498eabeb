import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestServer } from '@webserv/server/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dial } from '../wire/transport.js';
import { END, filePart, inStore, start, tree, UNTOUCHED } from './store.js';

describe('multipart', () => {
  const form = (server: TestServer, body: string | Buffer, type = 'multipart/form-data; boundary=XX') =>
    server.fetch('/files/', {
      method: 'POST',
      body: new Uint8Array(Buffer.from(body)),
      headers: { 'content-type': type },
    });
  test('of 20,000 parts is rejected, and the server goes on', async () => {
    await using server = await start();
    const parts = `--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n`.repeat(20_000);
    expect((await form(server, parts + END)).status).toBe(413);
    expect((await form(server, filePart('x', 'y').repeat(101) + END)).status).toBe(413);
    expect(await tree(server)).toEqual(UNTOUCHED);
    expect((await form(server, filePart('b', 'x') + END)).status).toBe(201);
  });

  test('of 10,000 equal or special names is rejected or harmless, in linear time', async () => {
    await using server = await start();
    const field = (name: string): string =>
      `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\nx\r\n`;
    expect((await form(server, field('a').repeat(10_000) + END)).status).toBe(413);
    const names = ['__proto__', 'constructor', 'prototype', 'a[b]', '0', ''];
    const response = await form(server, names.map(field).join('').repeat(100) + END);
    expect(response.status).toBe(200);
    const text = await response.text();
    for (const name of names) expect(text).toContain(`${JSON.stringify(name)}:["x","x"`);
  });

  test('with a part header that never ends costs no memory and stores nothing', async () => {
    await using server = await start();
    const before = process.memoryUsage().rss;
    const line = 'X-Endless: 0123456789abcdef\r\n'.repeat(2000);
    async function* endless(): AsyncGenerator<Buffer> {
      yield Buffer.from('--XX\r\n');
      for (let count = 0; count < 1500; count += 1) yield Buffer.from(line);
    }
    const response = await server.fetch('/files/', {
      method: 'POST',
      body: ReadableStream.from(endless()),
      headers: { 'content-type': 'multipart/form-data; boundary=XX' },
      duplex: 'half',
    });
    expect([400, 413]).toContain(response.status);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    expect(await tree(server)).toEqual(UNTOUCHED);
  });

  test('with a field that never ends is 413', async () => {
    await using server = await start();
    const field = '--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n';
    expect((await form(server, `${field}${'x'.repeat(2_000_000)}\r\n${END}`)).status).toBe(413);
  });

  test('with every byte in a packet of its own is the same form', async () => {
    await using server = await start();
    const body = filePart('a', '\r\n--X\r\n--XY') + END;
    const { socket } = await dial({ host: '127.0.0.1', port: server.port, noDelay: true });
    const received: Buffer[] = [];
    socket.on('data', (bytes) => received.push(bytes));
    socket.write(
      `POST /files/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${body.length}\r\nContent-Type: multipart/form-data; boundary=XX\r\n\r\n`,
    );
    for (const char of body) {
      socket.write(char);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await once(socket, 'close');
    expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 201 /);
    expect(await readFile(inStore(server, 'a'), 'utf8')).toBe('\r\n--X\r\n--XY');
  });

  test.each([
    ['no terminator', filePart('a', 'x'), undefined],
    ['half a terminator', `${filePart('a', 'x')}--XX-`, undefined],
    ['nothing', '', undefined],
    ['another boundary', filePart('a', 'x') + END, 'multipart/form-data; boundary=YY'],
    ['no boundary', filePart('a', 'x') + END, 'multipart/form-data'],
    ['an empty boundary', filePart('a', 'x') + END, 'multipart/form-data; boundary='],
    [
      'a boundary of 1,000 bytes',
      filePart('a', 'x') + END,
      `multipart/form-data; boundary=${'X'.repeat(1000)}`,
    ],
    [
      'a part after a whole one that is no form-data',
      `${filePart('a', 'x')}--XX\r\nA: b\r\n\r\n\r\n${END}`,
      undefined,
    ],
  ])('with %s is 400 and stores nothing', async (_, body, type) => {
    await using server = await start();
    expect((await form(server, body, type)).status).toBe(400);
    expect(await tree(server)).toEqual(UNTOUCHED);
  });

  test('within multipart is not looked into: the inner form is one field', async () => {
    await using server = await start();
    const inner = '--YY\r\nContent-Disposition: file; filename="../evil"\r\n\r\nx\r\n--YY--';
    const nested = `--XX\r\nContent-Disposition: form-data; name=f\r\nContent-Type: multipart/mixed; boundary=YY\r\n\r\n${inner}\r\n${END}`;
    expect(await (await form(server, nested)).json()).toEqual({ files: [], fields: { f: inner } });
    expect(await tree(server)).toEqual(UNTOUCHED);
  });

  test.each([
    ['filename="../../canary"', 'canary'],
    ['filename="..\\..\\canary"', 'canary'],
    ['filename="/etc/passwd"', 'passwd'],
    ["filename*=UTF-8''..%2f..%2fcanary", 'canary'],
    ["filename=a; filename*=UTF-8''..%2fcanary", 'canary'],
    ['filename="a\0.txt"', 'a.txt'],
    ['filename=".htaccess"', 'htaccess'],
    ['filename="con"', 'con'],
    ['filename="a;b=c"', 'a;b=c'],
    ['filename="x%2f..%2fy"', 'x%2f..%2fy'],
    ['filename=".."', undefined],
    [`filename="${'n'.repeat(5000)}"`, undefined],
  ])('%j stays in the store, under a name that is safe', async (parameter, name) => {
    await using server = await start();
    const body = `--XX\r\nContent-Disposition: form-data; name=f; ${parameter}\r\n\r\nx\r\n${END}`;
    expect((await form(server, body)).status).toBe(201);
    const [stored = '', ...more] = (await tree(server)).filter((path) => !UNTOUCHED.includes(path));
    expect(more).toEqual([]);
    expect(stored).toMatch(
      name === undefined ? /^top\/store\/\d{8}T\d{6}-[0-9a-f]{8}\.bin$/ : /^top\/store\/[^/]+$/,
    );
    if (name !== undefined) expect(stored).toBe(`top/store/${name}`);
    expect(await readFile(join(server.directory, 'canary'), 'utf8')).toBe('alive');
  });

  test('any bytes as a file name: a response, and at most one file, in the store and not hidden', async () => {
    await using server = await start();
    const name = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc
        .array(
          fc.constantFrom(
            '..',
            '/',
            '\\',
            '.',
            '\0',
            '%2e',
            '%2f',
            'a',
            ' ',
            '\r',
            '\n',
            '"',
            ':',
            '\u202e',
            'ß',
          ),
        )
        .map((parts) => Buffer.from(parts.join(''))),
    );
    await fc.assert(
      fc.asyncProperty(name, async (bytes) => {
        await rm(inStore(server, ''), { recursive: true });
        await mkdir(inStore(server, ''));
        const [before, after] = filePart('NAME', 'x').split('NAME');
        const body = Buffer.concat([Buffer.from(before ?? ''), bytes, Buffer.from((after ?? '') + END)]);
        expect([200, 201, 400]).toContain((await form(server, body)).status);
        const added = (await tree(server)).filter((path) => !UNTOUCHED.includes(path));
        expect(added.length).toBeLessThanOrEqual(1);
        for (const path of added) expect(path).toMatch(/^top\/store\/[^./][^/]*$/s);
      }),
      { numRuns: 100 },
    );
  });
});
