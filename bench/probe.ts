import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';

export interface ProbeRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A response, for comparing servers before they are measured. */
export interface ProbeResponse {
  readonly status: number;
  readonly headBytes: number;
  readonly bodyBytes: number;
  readonly bodyHash: string;
  readonly etag: string | undefined;
}

/** Sends one request on a new connection, without `Connection: close`. Any certificate is accepted. */
export function ask(origin: string, { method = 'GET', path, headers }: ProbeRequest): Promise<ProbeResponse> {
  const isSecure = origin.startsWith('https:');
  const agent = isSecure
    ? new SecureAgent({ keepAlive: true, rejectUnauthorized: false })
    : new Agent({ keepAlive: true });
  const send = isSecure ? secureRequest : request;
  return new Promise<ProbeResponse>((resolve, reject) => {
    const asked = send(new URL(path, origin), { method, headers, agent }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(pieces);
        resolve({
          status: response.statusCode ?? 0,
          headBytes: headBytes(response.statusMessage ?? '', response.rawHeaders),
          bodyBytes: body.length,
          bodyHash: createHash('sha256').update(body).digest('hex'),
          etag: response.headers.etag,
        });
      });
    });
    asked.setTimeout(10_000, () => asked.destroy(new Error(`no response to ${method} ${path} within 10 s`)));
    asked.on('error', reject);
    asked.end();
  }).finally(() => agent.destroy());
}

function headBytes(reason: string, rawHeaders: readonly string[]): number {
  const fields = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0); // `: ` and CRLF
  return `HTTP/1.1 200 ${reason}\r\n`.length + fields + 2;
}
