/** The certificate of the local authority, and its names in stores of trusted certificates. */
export interface Trusted {
  /** Absolute path of the file in PEM. It need not exist while nothing is installed. */
  readonly file: string;
  /**
   * Begins the names of its files, and is its nickname in databases. It is the same for one state directory, so that a
   * renewed authority replaces the previous one, and one that was deleted can be removed.
   */
  readonly name: string;
  /** Number of the authority: a renewed one has the next number. */
  readonly generation: number;
}

/** A store of trusted certificates. */
export interface TrustStore {
  /** `Firefox, /home/me/.mozilla/firefox/a.default` */
  readonly title: string;
  /** Why this process cannot change it, with what to do; undefined if nothing is known to prevent it. */
  readonly obstacle: string | undefined;
  /** Lines for a shell that do the same as `install`. */
  readonly installLines: readonly string[];
  /** Lines for a shell that do the same as `uninstall`. */
  readonly uninstallLines: readonly string[];
  /**
   * Makes the store trust the certificate, in PEM, and forget earlier ones of the same authority.
   * @throws Error that says why it could not
   */
  install(certificate: string): Promise<void>;
  /**
   * Removes all certificates of the authority.
   * @returns false if it had none
   * @throws Error that says why it could not
   */
  uninstall(): Promise<boolean>;
}

/** @throws Error with the obstacle, if there is one */
export function refuseFor(obstacle: string | undefined): void {
  if (obstacle !== undefined) throw new Error(obstacle);
}
