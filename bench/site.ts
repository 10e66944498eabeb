/** What a server is to serve; each peer says it in its own configuration language. */
export interface Site {
  readonly port: number;
  /** The shared folder: `www` with the files, `www/listing`, `www/cgi`, `www/errors/404.html`. */
  readonly content: string;
  /** This server's own: its configuration, its temporary files, and `store`, where PUT writes. */
  readonly folder: string;
  readonly shape: SiteShape;
  readonly programs: Programs;
}

export interface SiteShape {
  /** Virtual servers at the address; the last one is HOST. */
  readonly servers: number;
  /** Locations in each of them; the last one is /site. */
  readonly locations: number;
  /** Plugins that are loaded and enabled nowhere; webserv's only. */
  readonly idlePlugins: number;
  /** A line for each request, to a file in `folder`. */
  readonly accessLog: boolean;
}

export const PLAIN_SITE: SiteShape = { servers: 1, locations: 1, idlePlugins: 0, accessLog: false };

/** Interpreters of the scripts in `www/cgi`, as absolute paths: a version manager's shim would be timed too. */
export interface Programs {
  readonly python: string | undefined;
}

/** The name the clients ask for. */
export const HOST = 'bench.example';

/** Nobody's connection is closed, and nobody's is refused, by the configuration. */
export const KEEPALIVE_REQUESTS = 1_000_000;
export const KEEPALIVE_SECONDS = 75;
export const MAX_CONNECTIONS = 12_000;

/** `s000.bench.example` …, then HOST. */
export function serverNames({ servers }: SiteShape): readonly string[] {
  const others = Array.from({ length: servers - 1 }, (_, n) => `s${String(n).padStart(3, '0')}.${HOST}`);
  return [...others, HOST];
}

/** `/l00` …, then `/site`. Each of them is the same files again. */
export function locationPaths({ locations }: SiteShape): readonly string[] {
  const others = Array.from({ length: locations - 1 }, (_, n) => `/l${String(n).padStart(2, '0')}`);
  return [...others, '/site'];
}
