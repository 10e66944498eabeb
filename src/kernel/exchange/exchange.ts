import type { Outcome, Refusal } from '../contract/exchange.js';
import type { Script } from '../contract/script.js';
import { type Closable, type Lookup, openFile } from '../files/open-file.js';
import {
  abandon,
  hasPassed,
  isForwarding,
  pass,
  respondedBy,
  type TappedExchange,
} from '../hooks/tapped-exchange.js';
import { HttpError } from '../http/errors.js';
import {
  type BoundedBody,
  boundedBody,
  fileOwner,
  type IncomingRequest,
  type Request,
  type Response,
  type ResponseHeaders,
} from '../http/message.js';
import type { TapOwner } from '../http/tap-owner.js';
import { childPath, encodePath, type FilePath } from '../path/url-path.js';
import type { Route } from '../routing/route.js';
import { scriptAt } from '../routing/scripts.js';

/** How an exchange is forwarded. */
export interface ForwardOptions {
  /** undefined keeps the method and the content. */
  readonly method: string | undefined;
  /** The status whose error page the target still is. */
  readonly errorStatus: number | undefined;
}

/** The kernel's part of an exchange. */
export interface ExchangeHost {
  forward(from: LiveExchange, target: string, how: ForwardOptions): Promise<Response>;
  /** The exchange has its outcome. */
  ended(exchange: LiveExchange): void;
  /** Something went wrong that the client does not see. */
  failed(exchange: LiveExchange, error: unknown): void;
}

/** Sends interim responses. @see Responder */
type Informed = { inform(status: number, headers: ResponseHeaders): boolean };

/** Properties of an exchange that is forwarded, or has no route; none for that of a client's request. */
interface ExchangeKind {
  readonly origin?: LiveExchange;
  readonly errorStatus?: number | undefined;
  readonly refused?: Refusal;
}

const FROM_CLIENT: ExchangeKind = {};

/** Keys of what the kernel does with an exchange: symbols, as those of {@link TappedExchange}. */
export const leave = Symbol('leave');
export const clientLeft = Symbol('clientLeft');
export const end = Symbol('end');

/** A request with its route, from its head to its last byte. Plugins find nothing on it but what {@link Exchange} has. */
export class LiveExchange implements TappedExchange {
  readonly request: Request;
  readonly route: Route;
  /** The exchange that forwarded here (error page, `try_files`, a script's local redirect); undefined for a client's. */
  readonly origin: LiveExchange | undefined;
  /**
   * The status of the error that this exchange gets the page for: of the page itself and, where that is a directory, of
   * its index file. Undefined for a client's exchange, and for what a page forwards to.
   */
  readonly errorStatus: number | undefined;
  /**
   * The known facts about a request that had no route; undefined for any other. Only taps with `refused: true` get it.
   */
  readonly refused: Refusal | undefined;
  readonly #body: BoundedBody;
  #respondedBy: TapOwner | undefined;
  readonly #host: ExchangeHost;
  readonly #client: Informed | undefined;
  readonly #script: Script | undefined;
  #closables: Closable[] | undefined;
  #abort: AbortController | undefined;
  #ended = false;
  #aborted = false;
  #left = false;
  #outcome: Outcome | undefined;
  #variables: Map<string, string> | undefined;
  #forwardedTo: LiveExchange | undefined;
  #forwards = 0;
  #passed: Set<string> | undefined;

  /** @param client gets the interim responses; undefined for an exchange that is forwarded, or had no route */
  constructor(
    request: IncomingRequest,
    route: Route,
    host: ExchangeHost,
    client: Informed | undefined,
    script: Script | undefined,
    { origin, errorStatus, refused }: ExchangeKind = FROM_CLIENT,
  ) {
    this.request = request;
    this.#body = request[boundedBody];
    request[fileOwner] = this;
    this.route = route;
    this.origin = origin;
    this.errorStatus = errorStatus;
    this.refused = refused;
    this.#host = host;
    this.#client = client;
    this.#script = script;
    if (origin !== undefined) origin.#forwardedTo = this;
  }

  /**
   * Aborted when the client leaves, when it has ended its side and the response is silent for a second (unless the
   * route has `ignore_client_abort on`), and when the server gives up on the exchange; never after a whole response.
   */
  get signal(): AbortSignal {
    if (this.origin !== undefined) return this.origin.signal;
    this.#abort ??= new AbortController();
    if (this.#aborted) this.#abort.abort();
    return this.#abort.signal;
  }

  /**
   * The script that the path names, for plugins that declare `scripts`: the first segment that has a script's name and is
   * no directory, and what follows it. That there is a file by that name is not known yet.
   */
  get script(): Script | undefined {
    return this.#script ?? scriptAt(this.route, this.request.path, this.request.path.length);
  }

  /** How it ended; undefined until it has. */
  get outcome(): Outcome | undefined {
    return this.origin === undefined ? this.#outcome : this.origin.outcome;
  }

  /** The exchange whose route's response is sent: this one, or the last it was forwarded to. */
  get final(): LiveExchange {
    return this.#forwardedTo === undefined ? this : this.#forwardedTo.final;
  }

  get [boundedBody](): BoundedBody {
    return this.#body;
  }

  get [respondedBy](): TapOwner | undefined {
    return this.#respondedBy;
  }

  set [respondedBy](owner: TapOwner | undefined) {
    this.#respondedBy = owner;
  }

  get [isForwarding](): boolean {
    return this.#forwards > 0;
  }

  /** Opens a file below the route's root; it is closed when the exchange ends. */
  async open(path: FilePath): Promise<Lookup> {
    this.#checkOpen();
    const lookup = await openFile(path, this.route.boundary);
    if (lookup.kind === 'file') this.own(lookup.file);
    return lookup;
  }

  /** Closes `closable` when the exchange ends, or immediately if it has ended. */
  own(closable: Closable): void {
    if (this.origin !== undefined) this.origin.own(closable);
    else if (this.#ended) this.#close(closable);
    else if (this.#closables === undefined) this.#closables = [closable];
    else this.#closables.push(closable);
  }

  /**
   * Responds with what another URL of this server responds with, as if the client had asked for it. Method and body are
   * kept unless a method is given; then the body is not passed on.
   * @param target an absolute path with an optional query, percent-encoded
   * @throws HttpError 500 after ten forwards of one request, 400 for a target that is not a path
   */
  forward(target: string, method?: string): Promise<Response> {
    return this.#forward(target, { method, errorStatus: undefined });
  }

  /**
   * Responds to the URL of a directory with its index file `name`. Unlike the target of any other forward, the index
   * file of an error page is an error page.
   */
  forwardToIndex(name: string): Promise<Response> {
    const { path, query } = this.request;
    const target = encodePath(childPath(path, name)) + (query === '' ? '' : `?${query}`);
    return this.#forward(target, { method: undefined, errorStatus: this.errorStatus });
  }

  async #forward(target: string, how: ForwardOptions): Promise<Response> {
    this.#checkOpen();
    this.#forwards += 1;
    const { reader } = this.#body;
    try {
      return await this.#host.forward(this, target, how);
    } finally {
      this.#body.reader = reader;
      this.#forwards -= 1;
    }
  }

  [hasPassed](tap: string): boolean {
    return this.origin === undefined ? this.#passed?.has(tap) === true : this.origin[hasPassed](tap);
  }

  [pass](tap: string): void {
    if (this.errorStatus === undefined) this.#addPassed(tap);
  }

  #addPassed(tap: string): void {
    if (this.origin !== undefined) this.origin.#addPassed(tap);
    else {
      this.#passed ??= new Set();
      this.#passed.add(tap);
    }
  }

  inform(status: number, headers: ResponseHeaders = {}): boolean {
    this.#checkOpen();
    if (this.origin !== undefined) return this.origin.inform(status, headers);
    return this.#client?.inform(status, headers) ?? false;
  }

  /** A value set by a plugin for this exchange (`remote_user`), seen by templates as `$name`. */
  variable(name: string): string | undefined {
    return this.#variables?.get(name) ?? this.origin?.variable(name);
  }

  setVariable(name: string, value: string): void {
    this.#checkOpen();
    this.#variables ??= new Map();
    this.#variables.set(name, value);
  }

  [abandon](): void {
    if (this.origin !== undefined) this.origin[abandon]();
    else {
      this.#aborted = true;
      this.#abort?.abort();
    }
  }

  /**
   * Called when the client has ended its side: aborts what it would have to wait for.
   * @returns false where the route that responds goes on all the same
   */
  [leave](): boolean {
    if (this.final.route.ignoreClientAbort) return false;
    this.#left = true;
    this[abandon]();
    return true;
  }

  /** True when no client is left that could be sent an error. */
  get [clientLeft](): boolean {
    if (this.origin !== undefined) return this.origin[clientLeft];
    return this.#left || this.#outcome?.complete === false;
  }

  /** Called once, when the last byte is out or the connection is lost. */
  [end](outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#outcome = outcome;
    if (!outcome.complete) {
      this.#aborted = true;
      this.#abort?.abort();
    }
    const closables = this.#closables;
    this.#closables = undefined;
    if (closables !== undefined) for (const closable of closables) this.#close(closable);
    this.#host.ended(this);
  }

  /** A close() that throws must not prevent the rest from being closed. */
  #close(closable: Closable): void {
    try {
      closable.close();
    } catch (error) {
      this.#host.failed(this, error);
    }
  }

  /** @throws HttpError if the client has left, which is not an error; Error after a whole response was sent */
  #checkOpen(): void {
    if (this.origin !== undefined) this.origin.#checkOpen();
    else if (this.#ended) {
      if (this.#outcome?.complete === false) throw new HttpError(400, { reason: 'the client left' });
      const { method, target } = this.request;
      throw new Error(`the exchange of ${method} ${target} (${this.route.name}) is used after its end`);
    }
  }
}
