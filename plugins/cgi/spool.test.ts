import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpError, type RequestBody } from '@webserv/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spool } from './spool.js';

let folder = '';
const before = process.env.TMPDIR;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'webserv-spool-'));
  process.env.TMPDIR = folder;
});

afterEach(async () => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  await rm(folder, { recursive: true });
});

/** Content in pieces, followed by its end or by the error of `finish`. */
function body(pieces: readonly Uint8Array[], length: number | undefined, finish = () => {}): RequestBody {
  const left = [...pieces];
  const read = async (): Promise<Uint8Array | undefined> => {
    const piece = left.shift();
    if (piece === undefined) finish();
    return piece;
  };
  return {
    length,
    received: 0,
    awaited: false,
    read,
    async *[Symbol.asyncIterator]() {
      for (let piece = await read(); piece !== undefined; piece = await read()) yield piece;
    },
  };
}

/** Returns the output of a process that reads an inherited file descriptor as standard input. */
async function readByChild(fd: number): Promise<Buffer> {
  const child = spawn('/bin/cat', [], { stdio: [fd, 'pipe', 'inherit'] });
  const pieces: Buffer[] = [];
  child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
  await once(child, 'close');
  return Buffer.concat(pieces);
}

describe('content', () => {
  it('stays in memory up to 64 KiB', async () => {
    const whole = Buffer.alloc(64 * 1024, 'abc');
    const content = await spool(body([whole.subarray(0, 1000), whole.subarray(1000)], undefined));
    expect(content.file).toBeUndefined();
    expect(whole.equals(content.bytes)).toBe(true);
    expect(content.size).toBe(whole.length);
    await content.close();
  });

  it.each([64 * 1024 + 1, 1_000_003])(
    'of %d bytes is a file that a script reads from its start to its end',
    async (size) => {
      const whole = Buffer.alloc(size, '0123456789');
      const pieces = [whole.subarray(0, 7), whole.subarray(7, 70_000), whole.subarray(70_000)];
      const content = await spool(body(pieces, undefined));
      expect(content.size).toBe(size);
      expect(content.bytes.length).toBe(0);
      if (content.file === undefined) throw new Error('it is not in a file');
      expect((await readByChild(content.file.fd)).equals(whole)).toBe(true);
      await content.close();
    },
  );

  it('has a file that nobody else can open or find', async () => {
    const content = await spool(body([Buffer.alloc(100_000)], 100_000));
    const stats = await content.file?.stat();
    expect(stats?.nlink).toBe(0);
    expect((stats?.mode ?? 0) & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual([]);
    await content.close();
  });

  it('does not keep the memory of the pieces it was given', async () => {
    const piece = Buffer.from('before');
    const source = body([piece], undefined, () => void piece.fill('x'));
    expect(Buffer.from((await spool(source)).bytes).toString()).toBe('before');
  });

  it('leaves nothing behind when it breaks off', async () => {
    const failing = body([Buffer.alloc(100_000)], undefined, () => {
      throw new HttpError(413);
    });
    const descriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length;
    const open = await descriptors();
    await expect(spool(failing)).rejects.toMatchObject({ status: 413 });
    expect(await readdir(folder)).toEqual([]);
    expect(await descriptors()).toBe(open);
  });

  it('that finds no place to go is a fault, and nothing is started', async () => {
    process.env.TMPDIR = join(folder, 'absent');
    await expect(spool(body([Buffer.alloc(100_000)], undefined))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('gets 507 on a full disk', async () => {
    const full = (): never => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    await expect(spool(body([], undefined, full))).rejects.toMatchObject({ status: 507 });
  });
});
