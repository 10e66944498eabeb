import type { Place } from '../diagnostics/diagnostic.js';
import type { ResponseHeaders } from '../http/message.js';
import type { RootMapping } from '../path/url-path.js';

/**
 * Properties of a route that plugins announce in `apply`, for other plugins to read by `route.offers(name)` without
 * importing them.
 */
export interface Offers {
  /** Whether pages of an origin (the value of the Origin field) may read the route's responses. */
  readonly cors: (origin: string) => boolean;
  /** Suffixes of the compressed files that are sent instead of the file beside them: `.br`, `.gz`. */
  readonly siblings: readonly string[];
  /** Files below the root are sent as they are. */
  readonly files: true;
  /**
   * Clients can create files in a directory. Loading is refused where scripts of any server of the configuration run in it:
   * what a client uploads must not run. Not announced where the configuration permits that.
   */
  readonly takesFiles: FileStore;
  /** Files of the route can be uploaded. */
  readonly upload: true;
  /** Files of the route can be removed with DELETE. */
  readonly delete: true;
  /**
   * How a file of the route must be sent, by its path and the Content-Type of its name; undefined: as any other. A plugin
   * that sends files asks for it.
   */
  readonly fileFields: (path: string, contentType: string) => FileFields | undefined;
}

/** Header fields that every response made of a file must have. */
export interface FileFields {
  /** The Content-Type to send. */
  readonly contentType: string;
  /** The other fields that must be in every response made of the file, 304 included. */
  readonly fields: ResponseHeaders;
}

/** Where clients can create files. */
export interface FileStore {
  /** As a `root` maps it. */
  readonly mapping: RootMapping;
  /** The line that says so; undefined where it is written in a block around. */
  readonly place: Place | undefined;
  /** The directive that permits scripts there, for the hint: `upload_scripts on;`. */
  readonly permission: string;
}
