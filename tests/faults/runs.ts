import { crowd } from './crowd.js';
import { badDeploys } from './deploys.js';
import { diskFull } from './disk-full.js';
import { guessing } from './guessing.js';
import { listings } from './listings.js';
import { masterKill } from './master-kill.js';
import { reloads } from './reloads.js';
import { badScripts } from './scripts.js';
import { siege } from './siege.js';
import { slowReaders } from './slow-readers.js';
import { stopMidUpload } from './stop-mid-upload.js';
import type { Figure } from './verdict.js';
import { workerKills } from './worker-kills.js';

export interface Run {
  readonly name: string;
  /** Program that it needs besides Node. */
  readonly program?: string;
  /** Takes a few seconds, for `npm run faults`. */
  short(): Promise<readonly Figure[]>;
  /**
   * Runs at full length.
   * @param siegeSeconds length of the longest run, depending on the time available
   */
  full(siegeSeconds: number): Promise<readonly Figure[]>;
}

/** Waits half a minute for a worker that does not start. */
export const deploys: Run = {
  name: 'deploys of plugins that cannot work',
  short: () => badDeploys({ busy: false }),
  full: () => badDeploys({ busy: true }),
};

/** The runs, one after the other: each needs the whole machine to be measured. */
export const runs: readonly Run[] = [
  {
    name: 'reloads under load, with another version each time',
    short: () => reloads({ reloads: 8, seconds: 5 }),
    full: () => reloads({ reloads: 100, seconds: 60 }),
  },
  {
    name: 'kill -9 of a random worker every second, under load',
    short: () => workerKills({ seconds: 6 }),
    full: () => workerKills({ seconds: 30 }),
  },
  {
    name: 'kill -9 of the master',
    short: () => masterKill({ scripts: 2 }),
    full: () => masterKill({ scripts: 5 }),
  },
  deploys,
  {
    name: 'a full disk, for uploads and logs',
    program: 'unshare',
    short: () => diskFull({ rounds: 2, requests: 500 }),
    full: () => diskFull({ rounds: 20, requests: 20_000 }),
  },
  {
    name: '500 clients of a server that may have 64 descriptors',
    program: 'prlimit',
    short: () => crowd({ clients: 500, seconds: 1 }),
    full: () => crowd({ clients: 500, seconds: 20 }),
  },
  {
    name: '200 concurrent bad CGI scripts',
    short: () => badScripts({ requests: 200, seconds: 5 }),
    full: () => badScripts({ requests: 200, seconds: 50 }),
  },
  {
    name: '500 slow readers of a file of 1 GiB',
    short: () => slowReaders({ clients: 500, seconds: 10 }),
    full: () => slowReaders({ clients: 500, seconds: 45 }),
  },
  {
    name: '600 requests for a listing of 10,000 entries, with 500 slow readers of compressed responses',
    short: () => listings({ requests: 600, readers: 500, rounds: 1 }),
    full: () => listings({ requests: 600, readers: 500, rounds: 10 }),
  },
  {
    name: 'siege -b on an empty page',
    program: 'siege',
    short: () => siege({ seconds: 9, maxGrowthMb: 30 }),
    full: (seconds) => siege({ seconds, maxGrowthMb: 10 }),
  },
  {
    name: '9 addresses guessing passwords, and users who know theirs',
    short: () => guessing({ addresses: 9, guesses: 33, seconds: 10 }),
    full: () => guessing({ addresses: 900, guesses: 5, seconds: 60 }),
  },
  {
    name: 'a stop during uploads',
    short: () => stopMidUpload({ uploads: 30 }),
    full: () => stopMidUpload({ uploads: 200 }),
  },
];
