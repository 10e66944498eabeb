import { type DecodedPath, segmentsOf } from '../path/url-path.js';
import type { FileOwner, Peer, Request, RequestBody, RequestHeaders } from './message.js';

/** A request as the kernel hands it to plugins. A class, so that `segments` costs nothing until it is read. */
export class RoutedRequest<Body extends RequestBody> implements Request {
  readonly method: string;
  readonly target: string;
  readonly path: DecodedPath;
  readonly query: string;
  readonly host: string;
  readonly version: '1.0' | '1.1';
  readonly headers: RequestHeaders;
  readonly body: Body;
  readonly peer: Peer;
  owner: FileOwner | undefined;

  constructor(parts: Omit<Request, 'segments' | 'body'>, body: Body) {
    this.method = parts.method;
    this.target = parts.target;
    this.path = parts.path;
    this.query = parts.query;
    this.host = parts.host;
    this.version = parts.version;
    this.headers = parts.headers;
    this.body = body;
    this.peer = parts.peer;
    this.owner = undefined;
  }

  get segments(): readonly string[] {
    return segmentsOf(this.path);
  }
}
