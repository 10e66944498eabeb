import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSecure } from '../wire/transport.js';
import type { RunningCommand } from './command.js';

interface Sample {
  /** Milliseconds. */
  readonly at: number;
  /** Bytes. */
  readonly memory: number;
}

/** Monitors a server during an attack: its memory, and how long an ordinary client waits. */
export class Health {
  readonly #server: RunningCommand;
  readonly #samples: Sample[] = [];
  readonly #visits: number[] = [];
  #failedVisits = 0;
  #watching = true;
  readonly #watch: Promise<unknown>;

  constructor(server: RunningCommand) {
    this.#server = server;
    this.#watch = Promise.all([this.#sample(), this.#visit()]);
  }

  async stop(): Promise<void> {
    this.#watching = false;
    await this.#watch;
  }

  get failedVisits(): number {
    return this.#failedVisits;
  }

  /** Milliseconds, shortest first. */
  get visits(): readonly number[] {
    return this.#visits.toSorted((a, b) => a - b);
  }

  get peak(): number {
    return Math.max(...this.#samples.map(({ memory }) => memory));
  }

  /**
   * Growth of memory over the second half of the samples, by linear regression, in bytes: garbage collection adds
   * noise.
   */
  get growth(): number {
    const from =
      (this.#samples[0]?.at ?? 0) + ((this.#samples.at(-1)?.at ?? 0) - (this.#samples[0]?.at ?? 0)) / 2;
    const late = this.#samples.filter(({ at }) => at >= from);
    const mean = (of: (sample: Sample) => number): number =>
      late.reduce((sum, sample) => sum + of(sample), 0) / late.length;
    const [meanAt, meanMemory] = [mean(({ at }) => at), mean(({ memory }) => memory)];
    const slope =
      mean(({ at, memory }) => (at - meanAt) * (memory - meanMemory)) / mean(({ at }) => (at - meanAt) ** 2);
    return slope * ((late.at(-1)?.at ?? 0) - (late[0]?.at ?? 0));
  }

  async #sample(): Promise<void> {
    while (this.#watching) {
      this.#samples.push({ at: performance.now(), memory: await this.#server.memory() });
      await sleep(250);
    }
  }

  async #visit(): Promise<void> {
    while (this.#watching) {
      const began = performance.now();
      if ((await visitor(this.#server.port)) !== 200) this.#failedVisits += 1;
      this.#visits.push(performance.now() - began);
      await sleep(100);
    }
  }
}

/** @returns the status; 0 without a response */
function visitor(port: number): Promise<number> {
  return new Promise((resolve) => {
    const request = isSecure ? requestSecure : requestPlain;
    const options = { host: '127.0.0.1', port, agent: false, timeout: 10_000, rejectUnauthorized: false };
    const visit = request(options, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
      answer.on('error', () => resolve(0));
    });
    visit.on('timeout', () => visit.destroy());
    visit.on('error', () => resolve(0));
    visit.end();
  });
}
