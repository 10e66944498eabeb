import type { Feature, Peer } from './peers/peer.js';
import type { Answer } from './probe.js';
import type { Site, SiteShape } from './site.js';

/** What a round measures. Each workload measures some of them. */
export interface Sample {
  /** Microseconds of CPU a request, of the server's whole process tree. */
  readonly cpu?: number;
  /** Requests a second. */
  readonly rate?: number;
  /** Latency in milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
  /** MiB resident after the round, of the server's whole process tree; what its processes share is counted once. */
  readonly memory?: number;
  /** KiB resident for each idle connection. */
  readonly connectionMemory?: number;
  /** Milliseconds from the command to the first answer. */
  readonly start?: number;
  /** Milliseconds of CPU until then. */
  readonly startCpu?: number;
}

export type Metric = keyof Sample;

/** In the order of a table. */
export const metrics: readonly Metric[] = [
  'cpu',
  'rate',
  'p50',
  'p99',
  'memory',
  'connectionMemory',
  'start',
  'startCpu',
];

/** What the first contender is to reach. */
export interface Target {
  readonly metric: Metric;
  /** A ratio to the baseline in the same round, or the measured value itself. */
  readonly of: 'ratio' | 'value';
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  /** Contenders to compare with instead of the baseline: with the best of them in each round. */
  readonly against?: readonly string[];
}

/** One of those that are compared. */
export interface Contender {
  readonly name: string;
  readonly peer: Peer;
  readonly shape: Partial<SiteShape>;
}

/** A server made ready, measured once a round. */
export interface Prepared {
  /** What it answers, for the comparison; undefined where there is nothing to compare. */
  readonly answer: Answer | undefined;
  measure(): Promise<Sample>;
  end(): Promise<void>;
}

export interface Timing {
  readonly rounds: number;
  /** How long each server is under load in a round. */
  readonly seconds: number;
}

/** Makes a server ready to be measured. @throws Error when it does not answer as it should */
export type Workload = (peer: Peer, site: Site, timing: Timing) => Promise<Prepared>;

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** The first is the one that the targets are for. */
  readonly contenders: readonly Contender[];
  /** The contender that the others are compared with. */
  readonly baseline: string;
  readonly needs: readonly Feature[];
  /** A file below `www` without which it cannot be run. */
  readonly file?: string;
  /** What has to be equal before anything is timed. */
  readonly alike: 'content' | 'status';
  readonly workload: Workload;
  readonly targets: readonly Target[];
  /** For what takes its time: fewer rounds than asked for. */
  readonly maxRounds?: number;
}
