import { Agent, request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { HOST } from '../site.js';

const PIECE = Buffer.alloc(256 * 1024, 'The same bytes for every server. ');

export interface Upload {
  readonly port: number;
  readonly path: string;
  readonly size: number;
}

/**
 * @returns milliseconds until the response
 * @throws Error when the upload was rejected
 */
export async function upload({ port, path, size }: Upload): Promise<number> {
  const startedAt = performance.now();
  const agent = new Agent();
  const sent = request({
    host: '127.0.0.1',
    port,
    method: 'PUT',
    path,
    agent,
    headers: { Host: HOST, 'Content-Length': size },
  });
  const answered = new Promise<number>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
  });
  const [status] = await Promise.all([answered, pipeline(Readable.from(pieces(size)), sent)]);
  agent.destroy();
  if (status !== 201 && status !== 204) throw new Error(`PUT ${path} gets ${status}`);
  return performance.now() - startedAt;
}

function* pieces(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= PIECE.length)
    yield left < PIECE.length ? PIECE.subarray(0, left) : PIECE;
}
