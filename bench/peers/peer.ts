import type { Site } from '../site.js';

/** What not every server has. */
export type Feature = 'listing' | 'put' | 'cgi' | 'range' | 'error-page';

/** A server to compare. */
export interface Peer {
  readonly name: string;
  readonly features: ReadonlySet<Feature>;
  /** Its version; undefined when it is not installed. */
  version(): Promise<string | undefined>;
  /** Writes what it needs into the site's folder. @returns the command that serves in the foreground */
  configure(site: Site): Promise<readonly string[]>;
}
