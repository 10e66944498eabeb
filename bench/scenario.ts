import type { Feature, Peer } from './peers/peer.js';
import type { ProbeResponse } from './probe.js';
import type { Site, SiteShape } from './site.js';

/** Measurements of a round. Each workload measures some of them. */
export interface Sample {
  /** CPU microseconds a request, of the server's whole process tree. */
  readonly cpu?: number;
  /** Requests a second. */
  readonly rate?: number;
  /** Latency in milliseconds. */
  readonly p50?: number;
  readonly p99?: number;
  /**
   * Resident MiB after the round, of the server's whole process tree; memory shared by its processes is counted once.
   */
  readonly memory?: number;
  /** Resident KiB for each idle connection. */
  readonly connectionMemory?: number;
  /** Milliseconds from the command to the first response. */
  readonly start?: number;
  /** CPU milliseconds until the first response. */
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

/** A target for the first contender. */
export interface Target {
  readonly metric: Metric;
  /** A ratio to the baseline in the same round, the difference to it, or the measured value itself. */
  readonly of: 'ratio' | 'difference' | 'value';
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  /** Contenders to compare with instead of the baseline: with the best of them in each round. */
  readonly against?: readonly string[];
}

/** A server in a comparison. */
export interface Contender {
  readonly name: string;
  readonly peer: Peer;
  readonly shape: Partial<SiteShape>;
}

/** A server that is ready to be measured once a round. */
export interface Prepared {
  /** Its response, for the comparison; undefined when nothing is compared. */
  readonly response: ProbeResponse | undefined;
  measure(): Promise<Sample>;
  end(): Promise<void>;
}

export interface Timing {
  readonly rounds: number;
  /** How long each server is under load in a round. */
  readonly seconds: number;
}

/**
 * Prepares a server to be measured.
 * @throws Error when its response is wrong
 */
export type Workload = (peer: Peer, site: Site, timing: Timing) => Promise<Prepared>;

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** The targets apply to the first contender. */
  readonly contenders: readonly Contender[];
  /** The contender that the others are compared with. */
  readonly baseline: string;
  readonly needs: readonly Feature[];
  /** A file of the shared content that the scenario needs. */
  readonly file?: string;
  /** The part of the responses that must be equal before anything is measured. */
  readonly alike: 'content' | 'status';
  readonly workload: Workload;
  readonly targets: readonly Target[];
  /** Maximum number of rounds, for slow scenarios. */
  readonly maxRounds?: number;
}
