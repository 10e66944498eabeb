import { connect } from 'node:net';
import { type Answer, readAnswers } from '../wire/answers.js';
import type { Request } from './model.js';

const TIME_LIMIT_MS = 10_000;

/**
 * Sends a request on its own connection to a UNIX socket.
 * @throws Error when no response arrives within 10 s
 */
export async function ask(socket: string, request: Request): Promise<Answer> {
  const text = await exchangeBytes(socket, Buffer.from(requestText(request), 'latin1'));
  const final = finalAnswer(text, request.method);
  if (final === undefined) throw new Error(`no response: ${JSON.stringify(text.slice(0, 200))}`);
  return final;
}

/** Includes a body that follows a response to HEAD, so that it shows as a difference. */
function finalAnswer(text: string, method: string): Answer | undefined {
  const isFinal = ({ status }: Answer): boolean => status >= 200;
  try {
    return readAnswers(text, [method]).find(isFinal);
  } catch (error) {
    if (method !== 'HEAD') throw error;
    return readAnswers(text).find(isFinal);
  }
}

/** @returns the bytes received, one character per byte */
function exchangeBytes(path: string, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = connect({ path, allowHalfOpen: true });
    socket.setTimeout(TIME_LIMIT_MS, () => socket.destroy(new Error('no response within 10 s')));
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('end', () => socket.end());
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(pieces).toString('latin1')));
    socket.write(bytes);
  });
}

/** Serialises a request, one character per byte. */
export function requestText({ method, target, version, host, fields, body }: Request): string {
  const lines = [
    `${method} ${Buffer.from(target, 'utf8').toString('latin1')} HTTP/${version}`,
    ...(host === undefined ? [] : [`Host: ${host}`]),
    ...fields.map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}
