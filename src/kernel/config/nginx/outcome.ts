/**
 * What becomes of a directive of nginx that webserv does not have.
 *
 * - `nothing`: a warning. There is nothing to do here, nothing is lost.
 * - `costs`: a warning. What is lost costs speed or comfort, or is of another protocol.
 * - `lost`: an error. It decides who may see what, or what is answered.
 */
export type Effect = 'nothing' | 'costs' | 'lost';

export interface Outcome {
  readonly effect: Effect;
  /** Of `nothing`, why; else what is lost. Completes a sentence: `downloads are sent at full speed`. */
  readonly what: string;
  /** What to write instead; without it, the directive is taken out. */
  readonly write?: string | undefined;
  /** Holds for arguments (joined by spaces) that match; for any when left out. */
  readonly when?: RegExp;
  /** How people would say `when`, where the expression does not: `a time in the past`. */
  readonly value?: string;
}

/** Directives that share their outcomes; the first whose `when` matches holds. */
export interface NginxRow {
  /** Of a family, the beginning of its names. */
  readonly names: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/** The directives of a module, or of several that belong together. */
export interface NginxModule {
  readonly title: string;
  readonly rows: readonly NginxRow[];
  /** By the beginning of a name: what has no row of its own. */
  readonly families: readonly NginxRow[];
}

export function row(names: string, ...outcomes: readonly Outcome[]): NginxRow {
  return { names: names.split(' '), outcomes };
}

type Details = Pick<Outcome, 'write' | 'when' | 'value'>;

export const nothing = (what: string, details: Details = {}): Outcome => ({
  effect: 'nothing',
  what,
  ...details,
});
export const costs = (what: string, details: Details = {}): Outcome => ({
  effect: 'costs',
  what,
  ...details,
});
export const lost = (what: string, details: Details = {}): Outcome => ({ effect: 'lost', what, ...details });

/** A value that is what happens here anyway. */
export const isSo = (when: RegExp): Outcome => ({
  effect: 'nothing',
  what: 'this is how it works here',
  when,
});

export const NO_CHOICE = 'there is nothing to choose here';
