import { codes, type DiagnosticCode } from './codes.js';
import type { Diagnostic, Place } from './diagnostic.js';
import { errorMessage } from './error-text.js';

/** Findings beyond this are only counted: no user reads them all, and hostile input can cause millions. */
const MAX_FINDINGS = 200;

/** A word of the configuration for use in a message, cut to 80 characters. */
export function shown(word: string): string {
  return word.length > 80 ? `${word.slice(0, 77)}...` : word;
}

/** The message of a thrown value, on one line. */
export function reasonOf(error: unknown): string {
  return errorMessage(error).replace(/\s+/g, ' ').trim();
}

export type FindingDetails = Pick<Diagnostic, 'hint' | 'related'>;

/** Errors that an unbalanced brace causes. They add nothing to the diagnostic about the brace itself. */
const STRUCTURAL: ReadonlySet<DiagnosticCode> = new Set([
  'duplicate-default-server',
  'duplicate-directive',
  'duplicate-listen',
  'duplicate-location',
  'duplicate-server-name',
  'location-outside-parent',
  'missing-listen',
  'wrong-block',
]);

/** After one of these the value of a word is unknown, so other errors about that word are only consequences. */
const UNREAD: ReadonlySet<string> = new Set<DiagnosticCode>(['unset-variable', 'unclosed-variable']);

/** Collects the errors and warnings about a configuration, from reading to compiling. */
export class Findings {
  readonly #found: Diagnostic[] = [];
  readonly #fileOrder = new Map<string, number>();
  #dropped = 0;
  /** For each error, the directive it concerns. See `concerning`. */
  readonly #concerns: (string | undefined)[] = [];
  #concern: string | undefined;
  /** Keyed by message. */
  readonly #counted = new Map<string, { readonly first: Diagnostic; count: number }>();
  #balanced = true;

  /** True once there is an error. */
  get failed(): boolean {
    return this.#concerns.length > 0;
  }

  /** Number of errors so far, including those that were dropped. */
  get errors(): number {
    return this.#concerns.length;
  }

  /**
   * Attributes the errors found during `work` to one directive: only that directive's value is undetermined. An empty
   * name means that no directive's value is. Errors outside such a call may affect any value.
   */
  concerning<T>(directive: string, work: () => T): T {
    const outer = this.#concern;
    this.#concern ??= directive;
    try {
      return work();
    } finally {
      this.#concern = outer;
    }
  }

  /**
   * For each error after the first `errors`, the directive it concerns: a name, none (empty), or possibly any
   * (undefined).
   */
  concernsSince(errors: number): readonly (string | undefined)[] {
    return this.#concerns.slice(errors);
  }

  /** False once a brace is missing: then the block that a directive belongs to is a guess. */
  get balanced(): boolean {
    return this.#balanced;
  }

  /** True when further findings are dropped: the caller need not compute a costly hint. */
  get full(): boolean {
    return this.#found.length >= MAX_FINDINGS;
  }

  error(code: DiagnosticCode, message: string, place: Place | undefined, details: FindingDetails = {}): void {
    this.#concerns.push(this.#concern);
    if (!this.#balanced && STRUCTURAL.has(code)) return;
    this.#add({ severity: 'error', code, message, place, ...details });
  }

  warning(
    code: DiagnosticCode,
    message: string,
    place: Place | undefined,
    details: FindingDetails = {},
  ): void {
    this.#add({ severity: 'warning', code, message, place, ...details });
  }

  /**
   * Adds a warning that is shown once per message, at its first place and with a count. A configuration written for
   * another server can cause dozens of them.
   */
  countedWarning(
    code: DiagnosticCode,
    message: string,
    { place }: { readonly place: Place },
    details: FindingDetails = {},
  ): void {
    const counted = this.#counted.get(message);
    if (counted !== undefined) {
      counted.count += 1;
      return;
    }
    const first: Diagnostic = { severity: 'warning', code, message, place, ...details };
    this.#counted.set(message, { first, count: 1 });
    this.#add(first);
  }

  /** Adds the findings of plugins. */
  include(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      if (diagnostic.severity === 'error') this.#concerns.push(undefined);
      this.#add(diagnostic);
    }
  }

  /** Called when a brace is missing: from now on, the block that a directive belongs to is a guess. */
  lostBalance(): void {
    this.#balanced = false;
  }

  /** All findings, sorted by file in the order the files were read, then by line. */
  list(): readonly Diagnostic[] {
    const order = (place: Place | undefined): number =>
      place === undefined ? -1 : (this.#fileOrder.get(place.file) ?? this.#fileOrder.size);
    const unread = this.#found.filter(({ code }) => UNREAD.has(code));
    const isConsequence = ({ code, place }: Diagnostic) =>
      (code === 'wrong-argument' && unread.some((other) => overlap(place, other.place))) ||
      ((code === 'missing-root' || !Object.hasOwn(codes, code)) &&
        unread.some((other) => isInDirective(place, other.place)));
    const sorted = this.#found
      .map((finding) => this.#withCount(finding))
      .filter((finding) => !isConsequence(finding))
      .sort(
        ({ place: a }, { place: b }) =>
          order(a) - order(b) ||
          (a?.file ?? '').localeCompare(b?.file ?? '') ||
          (a?.line ?? 0) - (b?.line ?? 0) ||
          (a?.column ?? 0) - (b?.column ?? 0),
      );
    if (this.#dropped > 0) {
      const message = `${this.#dropped} more ${this.#dropped === 1 ? 'finding is' : 'findings are'} not shown`;
      const severity = this.failed ? 'error' : 'warning';
      sorted.push({ severity, code: 'too-many-mistakes', message, place: undefined });
    }
    return sorted;
  }

  #withCount(finding: Diagnostic): Diagnostic {
    const counted = this.#counted.get(finding.message);
    if (counted?.first !== finding || counted.count === 1) return finding;
    return { ...finding, message: `${finding.message} (${counted.count} times, first here)` };
  }

  /** Called when a file is about to be read: its findings are listed after those of earlier files. */
  opened(file: string): void {
    if (!this.#fileOrder.has(file)) this.#fileOrder.set(file, this.#fileOrder.size);
  }

  #add(diagnostic: Diagnostic): void {
    if (this.full) this.#dropped += 1;
    else this.#found.push(diagnostic);
  }
}

/**
 * Merges the findings of the loader and of the plugins into one list, sorted by file and line.
 * @param files display paths, in the order they were read
 */
export function merged(diagnostics: readonly Diagnostic[], files: readonly string[]): readonly Diagnostic[] {
  const findings = new Findings();
  for (const file of files) findings.opened(file);
  findings.include(diagnostics);
  return findings.list();
}

/** Whether a word belongs to a directive and is on the same line. */
function isInDirective(directive: Place | undefined, word: Place | undefined): boolean {
  if (directive === undefined || word === undefined) return false;
  if (directive.file !== word.file || directive.line !== word.line || directive.column > word.column)
    return false;
  return !/[;{}]/.test(word.text.slice(directive.column - 1, word.column - 1));
}

function overlap(a: Place | undefined, b: Place | undefined): boolean {
  if (a === undefined || b === undefined || a.file !== b.file || a.line !== b.line) return false;
  return a.column < b.column + b.length && b.column < a.column + a.length;
}
