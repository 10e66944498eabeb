/** The site that every server serves. Each peer describes it in its own configuration language. */
export interface Site {
  readonly port: number;
  /** The shared directory: `www` with the files, `www/listing`, `www/cgi`, `www/errors/404.html`; CERTIFICATE. */
  readonly content: string;
  /** The server's own directory, with its configuration, its temporary files, and `store`, where PUT writes. */
  readonly directory: string;
  readonly shape: SiteShape;
  readonly programs: Programs;
}

export interface SiteShape {
  /** Number of virtual servers at the address; the last one is HOST. */
  readonly servers: number;
  /** Number of locations in each of them; the last one is /site. */
  readonly locations: number;
  /** Number of plugins that are loaded and not enabled; for webserv only. */
  readonly idlePlugins: number;
  /** Whether each request is logged as a line in a file in `directory`. */
  readonly accessLog: boolean;
  /** Whether the address speaks TLS 1.2 and 1.3, with the certificate in `content` and session tickets. */
  readonly tls: boolean;
}

export const PLAIN_SITE: SiteShape = {
  servers: 1,
  locations: 1,
  idlePlugins: 0,
  accessLog: false,
  tls: false,
};

/** The origin of a site's URLs, without a final slash. */
export function originOf({ port, shape }: Pick<Site, 'port' | 'shape'>): string {
  return `${shape.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
}

/** Interpreters of the scripts in `www/cgi`, as absolute paths: the shim of a version manager would be measured too. */
export interface Programs {
  readonly python: string | undefined;
}

/** The host name in the clients' requests. */
export const HOST = 'bench.example';

/** The configuration should not close or refuse any connection. */
export const KEEPALIVE_REQUESTS = 1_000_000;
export const KEEPALIVE_SECONDS = 75;
export const MAX_CONNECTIONS = 12_000;

/** `s000.bench.example` …, then HOST. */
export function serverNames({ servers }: SiteShape): readonly string[] {
  const others = Array.from({ length: servers - 1 }, (_, n) => `s${String(n).padStart(3, '0')}.${HOST}`);
  return [...others, HOST];
}

/** `/l00` …, then `/site`. All of them serve the same files. */
export function locationPaths({ locations }: SiteShape): readonly string[] {
  const others = Array.from({ length: locations - 1 }, (_, n) => `/l${String(n).padStart(2, '0')}`);
  return [...others, '/site'];
}
