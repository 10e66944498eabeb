import type { DiagnosticCode } from './codes.js';
import type { Diagnostic, Place, Severity } from './diagnostic.js';

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

/** Collects what is found about a configuration, from reading to compiling. */
export class Findings {
  readonly #found: Diagnostic[] = [];
  readonly #fileOrder = new Map<string, number>();
  #dropped = 0;
  #failed = false;

  /** True once there is an error. */
  get failed(): boolean {
    return this.#failed;
  }

  /** True when nothing more is kept: then a costly hint need not be made. */
  get full(): boolean {
    return this.#found.length >= MAX_FINDINGS;
  }

  error(code: DiagnosticCode, message: string, place: Place | undefined, details: FindingDetails = {}): void {
    this.#failed = true;
    this.#add('error', code, message, place, details);
  }

  warning(
    code: DiagnosticCode,
    message: string,
    place: Place | undefined,
    details: FindingDetails = {},
  ): void {
    this.#add('warning', code, message, place, details);
  }

  /** Everything found: by file in the order they were read, and by line. */
  list(): readonly Diagnostic[] {
    const order = (place: Place | undefined): number =>
      place === undefined ? -1 : (this.#fileOrder.get(place.file) ?? this.#fileOrder.size);
    const sorted = this.#found.toSorted(
      ({ place: a }, { place: b }) =>
        order(a) - order(b) ||
        (a?.file ?? '').localeCompare(b?.file ?? '') ||
        (a?.line ?? 0) - (b?.line ?? 0) ||
        (a?.column ?? 0) - (b?.column ?? 0),
    );
    if (this.#dropped > 0) {
      const message = `${this.#dropped} more ${this.#dropped === 1 ? 'mistake is' : 'mistakes are'} not shown`;
      sorted.push({ severity: 'error', code: 'too-many-mistakes', message, place: undefined });
    }
    return sorted;
  }

  /** A file is being read: its findings come after those of the files before it. */
  opened(file: string): void {
    if (!this.#fileOrder.has(file)) this.#fileOrder.set(file, this.#fileOrder.size);
  }

  #add(
    severity: Severity,
    code: DiagnosticCode,
    message: string,
    place: Place | undefined,
    details: FindingDetails,
  ): void {
    if (this.full) this.#dropped += 1;
    else this.#found.push({ severity, code, message, place, ...details });
  }
}
