/** Where something stands in a configuration: the text it came from, and a span in it. */
export interface Place {
  /** The file's path as it is shown to people. */
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

/** One finding about a configuration. */
export interface Diagnostic {
  /** An error refuses the configuration; a warning does so under `--test --strict` only. */
  readonly severity: Severity;
  /** A stable, documented name: `unknown-directive`. */
  readonly code: string;
  /** One line: what is wrong, what was expected, what was received. */
  readonly message: string;
  /** What it is about; undefined where no line of the configuration is. */
  readonly place: Place | undefined;
  /** What to do about it: `did you mean "autoindex"?` */
  readonly hint?: string;
  /** Other places that belong to it, each with what it is: `first defined here`. */
  readonly related?: readonly { readonly message: string; readonly place: Place }[];
}

/** Shown as `file:line:column` in logs. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}
