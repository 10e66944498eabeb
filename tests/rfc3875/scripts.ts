import type { TestServer } from '@webserv/server/testing';

/** Creates an executable script for /bin/sh. */
export function shell(body: string): { readonly content: string; readonly mode: number } {
  return { content: `#!/bin/sh\n${body}\n`, mode: 0o755 };
}

/** A script that writes exactly this text. */
export function prints(output: string): { readonly content: string; readonly mode: number } {
  return shell(`cat <<'END_OF_OUTPUT'\n${output}\nEND_OF_OUTPUT`);
}

/** A script that responds with its environment, its arguments, its directory and its input. */
export const reflect = shell(`
printf 'Content-Type: text/plain\\n\\n'
for argument in "$@"; do printf 'argument=%s\\0' "$argument"; done
printf 'folder=%s\\0' "$(pwd)"
if [ -n "$CONTENT_LENGTH" ]; then printf 'body=%s\\0' "$(head -c "$CONTENT_LENGTH")"; fi
env -0`);

/** The output of `reflect`, parsed. */
export interface Reflection {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly body: string | undefined;
}

export function readReflection(content: string): Reflection {
  const environment: Record<string, string> = {};
  const found: string[] = [];
  let folder = '';
  let body: string | undefined;
  for (const entry of content.split('\0')) {
    const equals = entry.indexOf('=');
    if (equals === -1) continue;
    const [name, value] = [entry.slice(0, equals), entry.slice(equals + 1)];
    if (name === 'argument') found.push(value);
    else if (name === 'folder') folder = value;
    else if (name === 'body') body = value;
    else environment[name] = value;
  }
  return { environment, arguments: found, folder, body };
}

/** Requests a `reflect` script. @throws Error if the response is not from it */
export async function reflection(server: TestServer, path: string, init?: RequestInit): Promise<Reflection> {
  const answer = await server.fetch(path, init);
  const content = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status} for ${path}: ${server.log.join('\n')}`);
  return readReflection(content);
}

/** Decodes chunked coding (RFC 9112 §7.1.3). */
function withoutChunks(content: string): string {
  let whole = '';
  for (let at = 0; ; ) {
    const start = content.indexOf('\r\n', at) + 2;
    const size = Number.parseInt(content.slice(at, start), 16);
    if (!(size > 0)) return whole;
    whole += content.slice(start, start + size);
    at = start + size + 2;
  }
}

/**
 * The same over a raw socket, for requests that fetch() does not send. The request must contain `Connection: close`.
 */
export async function rawReflection(server: TestServer, request: string): Promise<Reflection> {
  const answer = await server.raw(request);
  const end = answer.indexOf('\r\n\r\n') + 4;
  const head = answer.slice(0, end);
  if (!head.startsWith('HTTP/1.1 200')) throw new Error(`${head}\n${server.log.join('\n')}`);
  const content = answer.slice(end);
  const whole = /^transfer-encoding: chunked\r$/im.test(head) ? withoutChunks(content) : content;
  return readReflection(Buffer.from(whole, 'latin1').toString());
}
