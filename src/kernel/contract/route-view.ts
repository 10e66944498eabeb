import type { Place } from '../diagnostics/diagnostic.js';
import type { Boundary, Lookup } from '../files/open-file.js';
import type { Request } from '../http/message.js';
import type { DecodedPath, FilePath, RootMapping } from '../path/url-path.js';
import type { Offers } from './offers.js';
import type { ScriptMatcher } from './script.js';

/** A route as plugins see it in `apply`. */
export interface RouteView {
  /** As written, with its place: `location /img at site.conf:12:5`. For logs. */
  readonly name: string;
  /** `server example.org, location /img`: the same over edits of the file, and without a path of this machine. */
  readonly label: string;
  /** Where its block opens. */
  readonly place: Place | undefined;
  /** The URL prefix of its block; `/` for a server. */
  readonly prefix: string;
  /** The `root` of the route: which directory its URLs lead to; undefined without one. */
  readonly root: RootMapping | undefined;
  /** The boundary of file lookups below the root. */
  readonly boundary: Boundary;
  /** True to continue producing a response after the client has left. */
  readonly ignoreClientAbort: boolean;
  /**
   * The methods that may be used, for `Allow`: the `methods` directive, or what the route's plugins can do. Complete once
   * every plugin has been applied.
   */
  readonly methods: ReadonlySet<string>;
  /** The files that plugins run as programs; undefined where none run. */
  readonly scripts: ScriptMatcher | undefined;
  /** Bytes; 0 is unlimited. */
  readonly maxBodySize: number;
  /** The first `server_name`; empty when there is none. */
  readonly serverName: string;
  /**
   * The file a path names below the root. Undefined when there is no root, the path is not below its prefix, or no file
   * that is served can have that name: a hidden one, or one with a slash or NUL in it.
   */
  resolve(path: DecodedPath): FilePath | undefined;
  /**
   * Opens the file that a request names. This is the only way from a URL to a file: root, hidden names, links and
   * special files are checked. An open file is closed with the request's exchange.
   * @throws the system's error for conditions that are not a response to the client: EMFILE, ENFILE, EIO …
   */
  open(request: Pick<Request, 'path'>): Promise<Lookup>;
  /** `text/css; charset=utf-8` by the file name's extension. */
  contentType(fileName: string): string;
  /** The value that a plugin announced for this route in `apply`. Complete once every plugin has been applied. */
  offers<Name extends keyof Offers>(name: Name): Offers[Name] | undefined;
  /** Every route of the configuration, this one included. Complete once the server serves: not in `apply`. */
  everyRoute(): readonly RouteView[];
}
