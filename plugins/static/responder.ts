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
import { answerWith } from './representation.js';
import { candidatePath, isDirectoryName, queryOf, type TryFiles } from './try-files.js';

/** Where an exchange was forwarded to, because a file is there. */
interface Choice {
  readonly path: DecodedPath;
  /** When the look at the folder began whose index file it is; undefined for a file of `try_files`. */
  readonly indexSince: number | undefined;
}

/** Answers one route's requests with its files. */
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

  /** The answer to a GET or HEAD that needs no look at the file system. @throws HttpError 412, 416 */
  recall(exchange: Exchange): Response | undefined {
    const { path } = exchange.request;
    const kept = this.#files.fresh(path);
    if (kept !== undefined) return this.#answerKept(exchange, kept);
    if (path.endsWith('/')) return undefined;
    const file = this.#route.resolve(path);
    const held = file && this.#files.held(file);
    return held && this.#answerHeld(exchange, held);
  }

  /** The file is read by others, too: the exchange only keeps it from being closed. */
  #answerHeld(exchange: Exchange, file: OpenFile): Response {
    exchange.own(file.hold());
    const representation = this.#files.representHeld(file);
    return this.#files.recallSlice(representation, answerWith(representation, exchange.request));
  }

  /**
   * @returns undefined where there is nothing to answer with, a folder without index included
   * @throws HttpError 403, 404, 405, 412, 416, and what `try_files` says
   */
  async answer(exchange: Exchange): Promise<Response | undefined> {
    const { path } = exchange.request;
    if (this.#tryFiles !== undefined && this.#choiceOfOrigin(exchange)?.path !== path) {
      return this.#tryEach(exchange, this.#tryFiles);
    }
    const file = this.#route.resolve(path);
    if (file === undefined) return undefined;
    if (path.endsWith('/')) return this.#answerFolder(exchange, path);
    return this.#answerFound(exchange, await this.#files.find(path, file));
  }

  #answerKept(exchange: Exchange, kept: Kept): Response {
    const { origin, request } = exchange;
    const choice = this.#choiceOfOrigin(exchange);
    // This route's own file answers for the folder: the next request for the folder need not be forwarded.
    if (origin !== undefined && choice?.indexSince !== undefined && choice.path === request.path) {
      const checkedAt = Math.min(kept.checkedAt, choice.indexSince);
      this.#files.alias(origin.request.path, { ...kept, checkedAt });
    }
    const pinned = this.#files.pin(kept.file);
    if (pinned !== undefined) exchange.own(pinned);
    return answerWith(kept.file.representation, request);
  }

  #choiceOfOrigin({ origin }: Exchange): Choice | undefined {
    return origin === undefined ? undefined : this.#choices.get(origin);
  }

  #answerFound(exchange: Exchange, found: Found): Response | undefined {
    const { method, path } = exchange.request;
    const reads = method === 'GET' || method === 'HEAD';
    switch (found.kind) {
      case 'kept':
        if (!reads) throw methodNotAllowed();
        return this.#answerKept(exchange, found);
      case 'held':
        if (!reads) throw methodNotAllowed();
        return this.#answerHeld(exchange, found.file);
      case 'file':
        exchange.own(found.file);
        if (!reads) throw methodNotAllowed();
        return answerWith(this.#files.represent(found.file, found.file), exchange.request);
      case 'directory':
        // From the normalised path: it never starts with two slashes, which would name another host.
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

  async #answerFolder(exchange: Exchange, folder: DecodedPath): Promise<Response | undefined> {
    const indexSince = performance.now();
    for (const name of this.#index) {
      const path = childPath(folder, name);
      const file = this.#route.resolve(path);
      if (file === undefined || !(await this.#isThere(file))) continue;
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
      // As nginx: what is written without a slash at its end is a file, also where a variable brings one.
      if (path === undefined || file === undefined || isDirectoryName(candidate) !== path.endsWith('/'))
        continue;
      if (path === own && !path.endsWith('/')) {
        const found = await this.#files.find(path, file);
        if (found.kind === 'absent' || found.kind === 'special' || found.kind === 'directory') continue;
        return this.#answerFound(exchange, found);
      }
      if (!(await this.#isThere(file))) continue;
      if (path === own) return this.#answerFolder(exchange, path);
      if (path === `${own}/`) return this.#answerFound(exchange, { kind: 'directory' });
      return this.#forward(exchange, { path, indexSince: undefined });
    }
    if (otherwise.kind === 'status') throw new HttpError(otherwise.status);
    const path = resolvePath(otherwise.path.render(exchange));
    if (path === undefined) throw new HttpError(404);
    // What it was to be forwarded to is not there either.
    if (exchange.origin !== undefined && path === own) throw new HttpError(404);
    return exchange.forward(encodePath(path) + queryOf(otherwise, exchange));
  }

  /** Whether a path with a slash at its end is a folder, any other a file, be it one that may not be read. */
  async #isThere(path: FilePath): Promise<boolean> {
    const lookup = await openFile(path, this.#route.boundary);
    if (lookup.kind === 'file') lookup.file.close();
    if (path.endsWith('/')) return lookup.kind === 'directory';
    return lookup.kind === 'file' || lookup.kind === 'forbidden';
  }

  /**
   * A file other than the one the client named is asked for by its URL, so that whoever answers for that URL does: a
   * script is run, not sent.
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
