import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** A response to one request, and the connection that it came by. */
export interface SecureResponse {
  readonly status: number;
  readonly text: string;
  readonly protocol: string | null;
  readonly cipher: string;
  readonly reused: boolean;
  /** The subject's common name of the server's certificate. */
  readonly certificate: string;
}

/** Connects by TLS; certificates are not verified unless `ca` is given. */
export async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: options.ca !== undefined,
    ...options,
  });
  await once(socket, 'secureConnect');
  return socket;
}

/** The code with which a handshake fails. */
export async function refusal(port: number, options: ConnectionOptions = {}): Promise<string> {
  try {
    const socket = await handshake(port, options);
    socket.destroy();
    return 'accepted';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** Sends a GET on a new connection. @param options with the value of Host, else it is the name of the handshake */
export async function get(
  port: number,
  path = '/',
  { hostField, ...options }: ConnectionOptions & { readonly hostField?: string } = {},
): Promise<SecureResponse> {
  const socket = await handshake(port, options);
  const name = hostField ?? (options.servername || 'localhost');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  await once(socket, 'end');
  const response = {
    status: Number(text.slice(9, 12)),
    text,
    protocol: socket.getProtocol(),
    cipher: socket.getCipher().name,
    reused: socket.isSessionReused(),
    certificate: String(socket.getPeerCertificate().subject?.CN ?? ''),
  };
  socket.destroy();
  return response;
}

/** A session for a resumption. With TLS 1.3 it comes after the handshake. */
export async function sessionOf(port: number, options: ConnectionOptions): Promise<Buffer> {
  const socket = await handshake(port, options);
  const early = socket.getProtocol() === 'TLSv1.2' ? socket.getSession() : undefined;
  const later = new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.resume().write('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  const session = early ?? (await later);
  socket.destroy();
  return session;
}
