/** An entry of this package that plugins and configurations in TypeScript can import. */
export interface PublicEntry {
  /** The module itself: what imports it shares classes and state with this process. */
  readonly exports: object;
  /** Its type declarations, absolute. A name that only these have is a type. */
  readonly declarations: string;
}

/** By the name it is imported by: `@webserv/server`. */
export type PublicEntries = Readonly<Record<string, PublicEntry>>;
