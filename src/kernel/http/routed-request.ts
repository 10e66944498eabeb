import { type DecodedPath, segmentsOf } from '../path/url-path.js';
import {
  type BoundedBody,
  boundedBody,
  type FileOwner,
  fileOwner,
  type HttpVersion,
  type IncomingRequest,
  type Peer,
  type Request,
  type RequestBody,
  type RequestHeaders,
} from './message.js';

/** A request as plugins get it. It is a class, so that `segments` is computed only when it is read. */
export class RoutedRequest implements IncomingRequest {
  readonly method: string;
  readonly target: string;
  readonly path: DecodedPath;
  readonly query: string;
  readonly host: string;
  readonly version: HttpVersion;
  readonly headers: RequestHeaders;
  readonly body: RequestBody;
  readonly peer: Peer;
  readonly #body: BoundedBody;
  #owner: FileOwner | undefined;

  constructor(parts: Omit<Request, 'segments' | 'body'>, body: BoundedBody) {
    this.method = parts.method;
    this.target = parts.target;
    this.path = parts.path;
    this.query = parts.query;
    this.host = parts.host;
    this.version = parts.version;
    this.headers = parts.headers;
    this.body = body.readable;
    this.peer = parts.peer;
    this.#body = body;
  }

  get segments(): readonly string[] {
    return segmentsOf(this.path);
  }

  get [boundedBody](): BoundedBody {
    return this.#body;
  }

  get [fileOwner](): FileOwner | undefined {
    return this.#owner;
  }

  set [fileOwner](owner: FileOwner | undefined) {
    this.#owner = owner;
  }
}
