/**
 * How a directive of nginx that webserv lacks is treated. `nothing` is a warning: it has no purpose here, and nothing
 * is lost. `costs` is a warning: losing it costs speed or comfort, or concerns another protocol. `lost` is an error: it
 * decides which clients have access, or what the response is.
 */
export type Effect = 'nothing' | 'costs' | 'lost';

export interface Outcome {
  readonly effect: Effect;
  /** For `nothing` the reason, else the consequence. Completes a sentence: `downloads are sent at full speed`. */
  readonly what: string;
  /** The replacement to write; without one, the directive is to be removed. */
  readonly write?: string | undefined;
  /** Holds for arguments (joined by spaces) that match; for any when left out. */
  readonly when?: RegExp;
  /** A description of `when`, where the expression does not: `a time in the past`. */
  readonly value?: string;
}

/** Directives that share their outcomes; the first whose `when` matches holds. */
export interface NginxRow {
  /** The common prefix of a family of names. */
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

/** A value that matches what webserv always does. */
export const isSo = (when: RegExp): Outcome => ({
  effect: 'nothing',
  what: 'this is the only behavior here',
  when,
});

export const NO_CHOICE = 'webserv chooses it by itself';
/** For directives that only add to another one. */
export const ALONE = 'the directive that it belongs to is not supported';
export const PLUGIN = { write: 'a plugin in TypeScript can do it' };
