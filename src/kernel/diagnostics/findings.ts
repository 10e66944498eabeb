import { codes, type DiagnosticCode } from './codes.js';
import type { Diagnostic, Place } from './diagnostic.js';

/** Beyond these, mistakes are only counted: nobody reads them, and hostile input makes millions. */
const MAX_FINDINGS = 200;

/** A word of the configuration for a message, of bounded length. */
export function shown(word: string): string {
  return word.length > 80 ? `${word.slice(0, 77)}...` : word;
}

/** Why something failed, on one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
}

export type FindingDetails = Pick<Diagnostic, 'hint' | 'related'>;

/** What a missing brace brings about: with one, these say nothing that its own diagnostic does not. */
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

/** With these a text is not what it was to be, and so a wrong argument, or the name of nothing. */
const UNREAD: ReadonlySet<string> = new Set<DiagnosticCode>(['unset-variable', 'unclosed-variable']);

/** Collects what is found about a configuration, from reading to compiling. */
export class Findings {
  readonly #found: Diagnostic[] = [];
  readonly #fileOrder = new Map<string, number>();
  #dropped = 0;
  /** Of each error, what it concerns. */
  readonly #concerns: (string | undefined)[] = [];
  #concern: string | undefined;
  /** By message. */
  readonly #counted = new Map<string, { readonly first: Diagnostic; count: number }>();
  #balanced = true;

  /** True once there is an error. */
  get failed(): boolean {
    return this.#concerns.length > 0;
  }

  /** How many errors there are so far, those that are not kept too. */
  get errors(): number {
    return this.#concerns.length;
  }

  /**
   * While `work` runs, errors leave open the value of this one directive and nothing else; with an empty name, of none. Other
   * errors may leave anything open.
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

  /** What the errors after the first so many concern: a directive, none (empty), or anything (undefined). */
  concernsSince(errors: number): readonly (string | undefined)[] {
    return this.#concerns.slice(errors);
  }

  /** False when what stands in which block is a guess. */
  get balanced(): boolean {
    return this.#balanced;
  }

  /** True when nothing more is kept: then a costly hint need not be made. */
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
   * A warning that is shown once for a message, where it was found first, with how often: a configuration of another
   * server has dozens.
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

  /** What plugins found. */
  include(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      if (diagnostic.severity === 'error') this.#concerns.push(undefined);
      this.#add(diagnostic);
    }
  }

  /** A brace is missing somewhere: from now on, what stands in which block is a guess. */
  lostBalance(): void {
    this.#balanced = false;
  }

  /** Everything found: by file in the order they were read, and by line. */
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
      const message = `${this.#dropped} more ${this.#dropped === 1 ? 'mistake is' : 'mistakes are'} not shown`;
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

  /** A file is being read: its findings come after those of the files before it. */
  opened(file: string): void {
    if (!this.#fileOrder.has(file)) this.#fileOrder.set(file, this.#fileOrder.size);
  }

  #add(diagnostic: Diagnostic): void {
    if (this.full) this.#dropped += 1;
    else this.#found.push(diagnostic);
  }
}

/**
 * What the loader and the plugins found, as one list in the order of the files and their lines.
 * @param files in the order they were read, as they are shown to people
 */
export function merged(diagnostics: readonly Diagnostic[], files: readonly string[]): readonly Diagnostic[] {
  const findings = new Findings();
  for (const file of files) findings.opened(file);
  findings.include(diagnostics);
  return findings.list();
}

/** Whether an argument on the line of a directive is one of its own. */
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
