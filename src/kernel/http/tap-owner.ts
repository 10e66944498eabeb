/** Identifies the plugin function that is running, for messages. */
export interface TapOwner {
  readonly plugin: string;
  readonly hook: string;
  /** The route's name and configuration line; undefined for a server-wide hook. */
  readonly route: string | undefined;
}

/** Formats it for messages. */
export function described({ plugin, hook, route }: TapOwner): string {
  return `plugin "${plugin}", ${hook}${route === undefined ? '' : ` for ${route}`}`;
}
