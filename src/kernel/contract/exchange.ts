import type { Closable, Lookup } from '../files/open-file.js';
import type { Request, Response, ResponseHeaders } from '../http/message.js';
import type { FilePath } from '../path/url-path.js';
import type { RouteView } from './route-view.js';
import type { Script } from './script.js';

/** How an exchange ended; what `onDone` records. */
export interface Outcome {
  /** Status that was sent; 499 where the client left before there was one (nginx's code). */
  readonly status: number;
  /** Bytes of content handed to the socket, head and chunk framing apart. */
  readonly bytesSent: number;
  /** From the end of the request's head to the last byte of the response handed to the socket, in milliseconds. */
  readonly durationMs: number;
  /** False if the client left, or was cut off, before the whole response was sent. */
  readonly complete: boolean;
}

/** The known facts about a request that ended before it had a route. */
export interface Refusal {
  /**
   * 400 or higher; the status of a response by a tap of `onRequest`; 499 if the client left before it got a response.
   */
  readonly status: number;
  /** Why, in a few words for the log. */
  readonly reason: string;
  /** The first 1 KiB as received, in printable ASCII: any other byte, quotes and backslashes are `\xHH`. */
  readonly head: string;
}

/** A request with its route, as plugins see it. */
export interface Exchange {
  /** The request. After a forward it is another one: with the new path, and perhaps another method and no body. */
  readonly request: Request;
  /** The route that the request's host and path lead to. */
  readonly route: RouteView;
  /** The exchange that forwarded here (error page, `try_files`, a script's local redirect); undefined for a client's. */
  readonly origin: Exchange | undefined;
  /**
   * The status of the error that this exchange gets the page for: of the page itself and, where that is a directory, of
   * its index file. Undefined for a client's exchange, and for what a page forwards to.
   */
  readonly errorStatus: number | undefined;
  /**
   * The known facts about a request that had no route; undefined for any other. Only taps with `refused: true` get it.
   */
  readonly refused: Refusal | undefined;
  /**
   * Aborted when the client leaves, when it has ended its side and the response is silent for a second (unless the route
   * has `ignore_client_abort on`), and when the server gives up on the exchange; never after a whole response.
   */
  readonly signal: AbortSignal;
  /**
   * The script that the path names, for plugins that declare `scripts`: the first segment that has a script's name and is
   * not a directory, and what follows it. Whether there is a file by that name is not known yet.
   */
  readonly script: Script | undefined;
  /** How it ended; undefined until it has. */
  readonly outcome: Outcome | undefined;
  /** The exchange whose route's response is sent: this one, or the last it was forwarded to. */
  readonly final: Exchange;
  /**
   * Opens a file below the route's root; it is closed when the exchange ends.
   * @throws the system's error for conditions that are not a response to the client: EMFILE, ENFILE, EIO …
   */
  open(path: FilePath): Promise<Lookup>;
  /** Closes `closable` when the exchange ends, or immediately if it has ended. */
  own(closable: Closable): void;
  /**
   * Responds with what another URL of this server responds with, as if the client had asked for it. Method and body are
   * kept unless a method is given; then the body is not passed on.
   * @param target an absolute path with an optional query, percent-encoded
   * @throws HttpError 500 after ten forwards of one request, 400 for a target that is not a path
   */
  forward(target: string, method?: string): Promise<Response>;
  /**
   * Responds to the URL of a directory with its index file `name`. Unlike the target of any other forward, the index file
   * of an error page is an error page.
   */
  forwardToIndex(name: string): Promise<Response>;
  /**
   * Sends an interim response ahead of the response: 103 Early Hints, 104, or 100 to a client that waits for it. On an
   * exchange that was forwarded it goes to the client all the same. For one request 16 are sent, with 16 KiB of fields.
   * @param status 100 to 199, and not 101
   * @returns false where it is not sent: to a client of HTTP/1.0, when the response is settled, and beyond those bounds
   * @throws TypeError for another status; IllegalFieldError for a field that cannot be sent; Error after the exchange has
   * ended
   */
  inform(status: number, headers?: ResponseHeaders): boolean;
  /** A value set by a plugin for this exchange (`remote_user`), seen by templates as `$name`. */
  variable(name: string): string | undefined;
  /** Sets a variable for this exchange and what it forwards to. @throws Error after the exchange has ended */
  setVariable(name: string, value: string): void;
}
