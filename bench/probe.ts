import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';

export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A response, for comparing servers before they are measured. */
export interface Answer {
  readonly status: number;
  readonly headBytes: number;
  readonly bodyBytes: number;
  readonly bodyHash: string;
  readonly etag: string | undefined;
}

/** Sends one request on a new connection, without `Connection: close`. */
export function ask(port: number, { method = 'GET', path, headers }: Question): Promise<Answer> {
  const agent = new Agent({ keepAlive: true });
  return new Promise<Answer>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', reject);
      answer.on('end', () => {
        const body = Buffer.concat(pieces);
        resolve({
          status: answer.statusCode ?? 0,
          headBytes: headBytes(answer.statusMessage ?? '', answer.rawHeaders),
          bodyBytes: body.length,
          bodyHash: createHash('sha256').update(body).digest('hex'),
          etag: answer.headers.etag,
        });
      });
    });
    asked.setTimeout(10_000, () => asked.destroy(new Error(`no answer to ${method} ${path} within 10 s`)));
    asked.on('error', reject);
    asked.end();
  }).finally(() => agent.destroy());
}

function headBytes(reason: string, rawHeaders: readonly string[]): number {
  const fields = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0); // `: ` and CRLF
  return `HTTP/1.1 200 ${reason}\r\n`.length + fields + 2;
}
