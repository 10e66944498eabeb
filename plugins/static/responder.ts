import {
  childPath,
  type DecodedPath,
  type Exchange,
  encodePath,
  type FilePath,
  HttpError,
  type OpenFile,
  openFile,
  type Response,
  type RouteView,
  resolvePath,
} from '@webserv/server';
import type { Found, Kept, RouteFiles } from './files.js';
import { respondWith } from './representation.js';
import { candidatePath, isDirectoryName, queryOf, type TryFiles } from './try-files.js';

/** Target that an exchange was forwarded to because a file exists there. */
interface Choice {
  readonly path: DecodedPath;
  /** When the lookup of the directory began whose index file this is; undefined for a file of `try_files`. */
  readonly indexSince: number | undefined;
}

/** Serves one route's requests from its files. */
export class StaticResponder {
  readonly #route: RouteView;
  readonly #files: RouteFiles;
  readonly #index: readonly string[];
  readonly #tryFiles: TryFiles | undefined;
  readonly #choices = new WeakMap<Exchange, Choice>();

  constructor(route: RouteView, files: RouteFiles, index: readonly string[], tryFiles: TryFiles | undefined) {
    this.#route = route;
    this.#files = files;
    this.#index = index;
    this.#tryFiles = tryFiles;
  }

  /** Responds to a GET or HEAD without access to the file system where possible. @throws HttpError 412, 416 */
  recall(exchange: Exchange): Response | undefined {
    const { path } = exchange.request;
    const kept = this.#files.fresh(path);
    if (kept !== undefined) return this.#respondFromCache(exchange, kept);
    if (path.endsWith('/')) return undefined;
    const file = this.#route.resolve(path);
    const held = file && this.#files.held(file);
    return held && this.#respondFromHeld(exchange, held);
  }

  /** Other readers share the file; the exchange only keeps it from being closed. */
  #respondFromHeld(exchange: Exchange, file: OpenFile): Response {
    exchange.own(file.hold());
    const representation = this.#files.representHeld(file);
    return this.#files.recallSlice(representation, respondWith(representation, exchange.request));
  }

  /**
   * @returns undefined where the files have no response, which includes a directory without an index file
   * @throws HttpError 403, 404, 405, 412, 416, and the status given in `try_files`
   */
  async respond(exchange: Exchange): Promise<Response | undefined> {
    const { path } = exchange.request;
    if (this.#tryFiles !== undefined && this.#choiceOfOrigin(exchange)?.path !== path) {
      return this.#tryEach(exchange, this.#tryFiles);
    }
    const file = this.#route.resolve(path);
    if (file === undefined) return undefined;
    if (path.endsWith('/')) return this.#respondForDirectory(exchange, path);
    return this.#respondFromLookup(exchange, await this.#files.find(path, file));
  }

  #respondFromCache(exchange: Exchange, kept: Kept): Response {
    const { origin, request } = exchange;
    const choice = this.#choiceOfOrigin(exchange);
    // The directory's index file is this route's own: the next request for the directory need not be forwarded.
    if (origin !== undefined && choice?.indexSince !== undefined && choice.path === request.path) {
      const checkedAt = Math.min(kept.checkedAt, choice.indexSince);
      this.#files.alias(origin.request.path, { ...kept, checkedAt });
    }
    const pinned = this.#files.pin(kept.file);
    if (pinned !== undefined) exchange.own(pinned);
    return respondWith(kept.file.representation, request);
  }

  #choiceOfOrigin({ origin }: Exchange): Choice | undefined {
    return origin === undefined ? undefined : this.#choices.get(origin);
  }

  #respondFromLookup(exchange: Exchange, found: Found): Response | undefined {
    const { method, path } = exchange.request;
    const reads = method === 'GET' || method === 'HEAD';
    switch (found.kind) {
      case 'kept':
        if (!reads) throw methodNotAllowed();
        return this.#respondFromCache(exchange, found);
      case 'held':
        if (!reads) throw methodNotAllowed();
        return this.#respondFromHeld(exchange, found.file);
      case 'file':
        exchange.own(found.file);
        if (!reads) throw methodNotAllowed();
        return respondWith(this.#files.represent(found.file, found.file), exchange.request);
      case 'directory':
        // Uses the normalised path, which never starts with two slashes; those would name another host.
        return {
          status: reads ? 301 : 308,
          headers: { location: withQuery(`${encodePath(path)}/`, exchange) },
          body: '',
        };
      case 'forbidden':
        throw new HttpError(403);
      default:
        return undefined;
    }
  }

  async #respondForDirectory(exchange: Exchange, directory: DecodedPath): Promise<Response | undefined> {
    const indexSince = performance.now();
    for (const name of this.#index) {
      const path = childPath(directory, name);
      const file = this.#route.resolve(path);
      if (file === undefined || !(await this.#exists(file))) continue;
      this.#choices.set(exchange, { path, indexSince });
      return exchange.forwardToIndex(name);
    }
    return undefined;
  }

  async #tryEach(exchange: Exchange, { candidates, otherwise }: TryFiles): Promise<Response | undefined> {
    const own = exchange.request.path;
    for (const candidate of candidates) {
      const path = candidatePath(candidate, exchange);
      const file = path && this.#route.resolve(path);
      // As in nginx, a candidate written without a trailing slash names a file, even if a variable's value ends with
      // one.
      if (path === undefined || file === undefined || isDirectoryName(candidate) !== path.endsWith('/'))
        continue;
      if (path === own && !path.endsWith('/')) {
        const found = await this.#files.find(path, file);
        if (found.kind === 'absent' || found.kind === 'special' || found.kind === 'directory') continue;
        return this.#respondFromLookup(exchange, found);
      }
      if (!(await this.#exists(file))) continue;
      if (path === own) return this.#respondForDirectory(exchange, path);
      if (path === `${own}/`) return this.#respondFromLookup(exchange, { kind: 'directory' });
      return this.#forward(exchange, { path, indexSince: undefined });
    }
    if (otherwise.kind === 'status') throw new HttpError(otherwise.status);
    const path = resolvePath(otherwise.path.render(exchange));
    if (path === undefined) throw new HttpError(404);
    // The request was already forwarded to this path, and nothing exists there.
    if (exchange.origin !== undefined && path === own) throw new HttpError(404);
    return exchange.forward(encodePath(path) + queryOf(otherwise, exchange));
  }

  /** Whether a directory (for a path with a trailing slash) or a file, readable or not, exists at a path. */
  async #exists(path: FilePath): Promise<boolean> {
    const lookup = await openFile(path, this.#route.boundary);
    if (lookup.kind === 'file') lookup.file.close();
    if (path.endsWith('/')) return lookup.kind === 'directory';
    return lookup.kind === 'file' || lookup.kind === 'forbidden';
  }

  /**
   * Forwards to the URL of a file other than the requested one, so that the handler of that URL responds: a script is
   * run, not sent.
   */
  #forward(exchange: Exchange, choice: Choice): Promise<Response> {
    this.#choices.set(exchange, choice);
    return exchange.forward(withQuery(encodePath(choice.path), exchange));
  }
}

function withQuery(path: string, { request }: Exchange): string {
  return request.query === '' ? path : `${path}?${request.query}`;
}

function methodNotAllowed(): HttpError {
  return new HttpError(405, { headers: { allow: 'GET, HEAD' } });
}
