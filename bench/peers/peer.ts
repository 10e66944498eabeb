import type { Site } from '../site.js';

/** Features that some servers lack. */
export type Feature = 'listing' | 'put' | 'cgi' | 'range' | 'error-page' | 'tls';

/** A server to compare. */
export interface Peer {
  readonly name: string;
  readonly features: ReadonlySet<Feature>;
  /** Its version; undefined when it is not installed. */
  version(): Promise<string | undefined>;
  /**
   * Writes its configuration into the site's directory.
   * @returns the command that serves in the foreground
   */
  configure(site: Site): Promise<readonly string[]>;
}
