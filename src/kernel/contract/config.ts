import type { Place } from '../diagnostics/diagnostic.js';
import type { RootMapping } from '../path/url-path.js';
import type { UserSetting } from '../rights/account.js';
import type { DirectiveUse, OptionValues } from './directive.js';
import type { TlsSettings } from './tls.js';

/** The directives of one block that may be read, by canonical name; at least one use each. */
export type CheckedBlock = ReadonlyMap<string, readonly DirectiveUse[]>;

/** Modes of `trace`: nothing, lines in the log, or these and a `Server-Timing` field (W3C Server Timing). */
export const traceModes = ['off', 'on', 'server_timing'] as const;
export type TraceMode = (typeof traceModes)[number];

/** Where an error page comes from: `error_page CODE… [=[CODE]] URI`. */
export interface ErrorPage {
  /** An absolute path on this server, or a URL to redirect to. */
  readonly uri: string;
  /** The status to respond with instead of the error's; `own` is the page's. */
  readonly status: number | 'own' | undefined;
}

/** An address to listen on. */
export type Listen =
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly isDefault: boolean;
      /** Whether TLS is spoken there. */
      readonly tls: boolean;
      readonly place: Place | undefined;
    }
  | {
      readonly kind: 'unix';
      readonly path: string;
      readonly isDefault: boolean;
      /** Whether TLS is spoken there. */
      readonly tls: boolean;
      readonly place: Place | undefined;
    };

/** The limits of a server's connections, from its `server` block or `main`. Times in milliseconds, sizes in bytes. */
export interface ConnectionSettings {
  readonly clientHeaderTimeout: number;
  readonly clientBodyTimeout: number;
  readonly sendTimeout: number;
  /** Value of the Server field; empty to omit the field. */
  readonly serverField: string;
  /** Bytes a second; 0 for none. */
  readonly sendMinRate: number;
  readonly keepaliveTimeout: number;
  /** Requests on one connection. */
  readonly keepaliveRequests: number;
  /** The request line alone. */
  readonly clientMaxRequestLine: number;
  /** The whole head: request line and fields. */
  readonly clientMaxHeaderSize: number;
  /** Field lines in one request. */
  readonly clientMaxHeaderCount: number;
}

export type RoutePattern =
  | { readonly kind: 'server' }
  /** `isolated` for `location ^~ PATH`: the extension locations of the blocks around it do not act in it. */
  | { readonly kind: 'prefix'; readonly path: string; readonly isolated?: true }
  | { readonly kind: 'exact'; readonly path: string }
  /** `extension` with its dot: `.php`; in the block that the location is written in, and in the prefix locations there. */
  | { readonly kind: 'extension'; readonly extension: string };

/** A block that handles requests, with every value inherited and checked. */
export interface RouteConfig {
  readonly pattern: RoutePattern;
  /** `location /img`, as written. */
  readonly name: string;
  readonly place: Place | undefined;
  /** The URL prefix its block stands for: a server's is `/`, an extension's is its parent's. */
  readonly prefix: string;
  readonly root: RootMapping | undefined;
  readonly followSymlinks: boolean;
  readonly ignoreClientAbort: boolean;
  readonly hiddenFiles: boolean;
  readonly maxBodySize: number;
  /** Milliseconds. */
  readonly pluginTimeout: number;
  readonly trace: TraceMode;
  /** undefined: what the plugins can do. */
  readonly methods: readonly string[] | undefined;
  readonly errorPages: ReadonlyMap<number, ErrorPage>;
  /** Extension without dot, lower case → type. */
  readonly types: ReadonlyMap<string, string>;
  readonly defaultType: string;
  /** The encoding that text files are said to be in; `off` says nothing. */
  readonly charset: string;
  /** Option values by plugin name. */
  readonly options: ReadonlyMap<string, OptionValues>;
  /** The directives of this block itself, by name: where each is written. */
  readonly uses: ReadonlyMap<string, readonly DirectiveUse[]>;
  /** Values of this block that are unreliable; undefined if neither it nor its enclosing blocks have an error. */
  readonly doubts: Doubts | undefined;
  /** Locations inside it. */
  readonly children: readonly RouteConfig[];
  /** For an extension location: the same location as it acts inside another one of its block. */
  readonly inside?: (around: RouteConfig) => RouteConfig;
}

/** After an error, some values may not be as intended. */
export interface Doubts {
  /** None can be relied on. */
  readonly all: boolean;
  /** Those of these plugins cannot. */
  readonly plugins: ReadonlySet<string>;
}

/** A `server` block, with every value inherited and checked. */
export interface ServerConfig {
  /** Where the block opens. */
  readonly place: Place | undefined;
  /** Its addresses; at least one. */
  readonly listens: readonly Listen[];
  /** Its `server_name`, in lower case: `example.org`, `*.example.org`, `[::1]`. */
  readonly names: readonly string[];
  /** The limits of its connections. */
  readonly connection: ConnectionSettings;
  /** undefined without an address where TLS is spoken. */
  readonly tls: TlsSettings | undefined;
  /** The server block itself; its children are the locations. */
  readonly route: RouteConfig;
}

export interface MainSettings {
  /** Absolute. What relative paths start from. */
  readonly serverDir: string;
  /** Absolute. For persistent state. Created when a server first needs it, never by a check of the configuration. */
  readonly stateDir: string;
  readonly errorLog: {
    readonly path: string | undefined;
    readonly level: 'debug' | 'info' | 'warn' | 'error';
  };
  /** Worker processes. */
  readonly workers: number;
  /** Milliseconds. */
  readonly workerShutdownTimeout: number;
  /** Absolute. */
  readonly pidFile: string | undefined;
  readonly user: UserSetting | undefined;
  /** Maximum number of open client connections. */
  readonly maxConnections: number;
  /** Milliseconds; for what comes before a request has a route. */
  readonly pluginTimeout: number;
  /** The same. */
  readonly trace: TraceMode;
}

/** A whole configuration, compiled: what the kernel starts from. */
export interface Config {
  /** The file it was loaded from, as shown to people. */
  readonly file: string;
  /** Settings of the whole process. */
  readonly main: MainSettings;
  /** The main block's directives, for messages. */
  readonly uses: CheckedBlock;
  /** The main block's option values by plugin name, for `setup`. */
  readonly options: ReadonlyMap<string, OptionValues>;
  /** The `server` blocks, in the order of the file. */
  readonly servers: readonly ServerConfig[];
}
