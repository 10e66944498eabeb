/** Whose function runs, for every message about it. */
export interface TapOwner {
  readonly plugin: string;
  readonly hook: string;
  /** The route's name and configuration line; undefined for a server-wide hook. */
  readonly route: string | undefined;
}

/** As messages name it. */
export function described({ plugin, hook, route }: TapOwner): string {
  return `plugin "${plugin}", ${hook}${route === undefined ? '' : ` for ${route}`}`;
}
