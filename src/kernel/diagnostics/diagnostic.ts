/** A position in a configuration: the file it came from, and a span in it. */
export interface Place {
  /** The file's path as shown to the user. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** How many characters the caret underlines, at least 1. */
  readonly length: number;
  /** The whole source line, without its line break. */
  readonly text: string;
}

/** How bad a finding is. */
export type Severity = 'error' | 'warning';

/** An error or warning about a configuration. */
export interface Diagnostic {
  /** An error refuses the configuration; a warning does so under `--test --strict` only. */
  readonly severity: Severity;
  /** A stable, documented code: `unknown-directive`. */
  readonly code: string;
  /** On one line: what is wrong, what was expected, what was received. */
  readonly message: string;
  /** The position it is about; undefined if it is not about a line of the configuration. */
  readonly place: Place | undefined;
  /** How to fix it: `did you mean "autoindex"?` */
  readonly hint?: string;
  /** Related places, each with a description: `first defined here`. */
  readonly related?: readonly { readonly message: string; readonly place: Place }[];
}

/** Formats as `file:line:column`. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}
