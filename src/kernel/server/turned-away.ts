import type { Socket } from 'node:net';
import type { Site } from '../exchange/site.js';
import { SocketPeer } from '../net/peer.js';
import type { Timeouts } from '../net/timeouts.js';

/** How long a client that is turned away may take to read why, in milliseconds. */
const TURNED_AWAY_MS = 1000;

/** @param date RFC 9110 §6.6.1 makes it optional in 5xx responses; ours always have it */
function overloaded(date: string, server: string): string {
  return `HTTP/1.1 503 Service Unavailable\r\n${server === '' ? '' : `Server: ${server}\r\n`}Date: ${date}\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
}

/** Clients that get 503 because there are too many connections. */
export class TurnedAway {
  readonly #max: number;
  readonly #timeouts: Timeouts;
  #count = 0;

  /** @param max at a time; further ones are closed without a response */
  constructor(max: number, timeouts: Timeouts) {
    this.#max = max;
    this.#timeouts = timeouts;
  }

  /**
   * Says why, and reads what the client sends, so that it meets the response and not a reset.
   * @param isSecure the client begins a TLS handshake: it would not understand a response, and none is worth the handshake
   */
  add(socket: Socket, site: Site, isSecure: boolean): void {
    socket.on('error', () => {});
    if (isSecure || this.#count >= this.#max) {
      if (isSecure) refuse(socket, site, false);
      socket.destroy();
      return;
    }
    this.#count += 1;
    const timer = setTimeout(() => socket.destroy(), TURNED_AWAY_MS);
    socket.on('close', () => {
      clearTimeout(timer);
      this.#count -= 1;
    });
    socket.resume();
    refuse(socket, site, true);
    socket.end(overloaded(this.#timeouts.date(), site.connection.serverField));
  }
}

function refuse(socket: Socket, site: Site, complete: boolean): void {
  const reason = 'too many connections';
  const peer = new SocketPeer(socket);
  site.refused({ status: 503, reason, received: '', peer, bytesSent: 0, durationMs: 0, complete });
}
