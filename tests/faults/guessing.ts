import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashSync } from 'bcryptjs';
import { startCommand } from '../hostile/command.js';
import { type Figure, Verdict } from './verdict.js';

export interface GuessingOptions {
  /** Number of addresses that guess passwords: all of 127.0.0.0/8 is this machine. */
  readonly addresses: number;
  /** Number of concurrent guesses of each address. */
  readonly guesses: number;
  readonly seconds: number;
}

/** A check at this cost takes about 60 ms: 16 guesses a second keep the thread that checks busy. */
const COST = 10;
/** Number of users who log in one after the other, each for the first time, so that no password is cached. */
const USERS = 20;

const conf = `
workers 1;
server { listen 127.0.0.1:0; root www; auth_basic members; auth_basic_user_file users; }
`;

interface Ask {
  readonly port: number;
  readonly localAddress: string;
  readonly user: string;
  readonly password: string;
  readonly agent?: Agent;
}

function statusOf({ user, password, ...options }: Ask): Promise<number> {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', path: '/', headers: { authorization }, ...options },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode ?? 0));
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

/** Guesses without a pause until it is stopped. */
async function guess(
  ask: Omit<Ask, 'password'>,
  stop: AbortSignal,
  count: (status: number) => void,
): Promise<void> {
  for (let number = 0; !stop.aborted; number += 1) {
    count(
      await statusOf({ ...ask, password: `${ask.localAddress} ${number} ${Math.random()}` }).catch(() => 0),
    );
  }
}

/** Many addresses guess passwords, while users with the right password still get in. */
export async function guessing({ addresses, guesses, seconds }: GuessingOptions): Promise<readonly Figure[]> {
  const hash = hashSync('secret', COST);
  const users = Array.from({ length: USERS }, (_, index) => `user${index}:${hash}\n`).join('');
  await using server = await startCommand(conf, { users, 'www/index.html': 'in' });
  const { port } = server;
  const stop = new AbortController();
  const statuses = new Map<number, number>();
  const count = (status: number): void => {
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const guessers = Array.from({ length: addresses * guesses }, (_, index) => {
    const host = 2 + Math.floor(index / guesses);
    const localAddress = `127.0.${host >> 8}.${host & 0xff}`;
    return guess({ port, localAddress, user: `user${index % USERS}`, agent }, stop.signal, count);
  });
  await sleep(1000);
  const refused: number[] = [];
  let slowest = 0;
  let asked = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end && asked < USERS; asked += 1) {
    const before = performance.now();
    const status = await statusOf({
      port,
      localAddress: '127.0.0.1',
      user: `user${asked}`,
      password: 'secret',
    });
    slowest = Math.max(slowest, performance.now() - before);
    if (status !== 200) refused.push(status);
  }
  const memory = (await server.memory()) / 1024 / 1024;
  stop.abort();
  await Promise.all(guessers);
  agent.destroy();
  const verdict = new Verdict();
  verdict.tell(
    'guesses answered',
    [...statuses].map(([status, number]) => `${number} × ${status}`).join(', '),
  );
  verdict.none('guesses that got in', statuses.get(200) ?? 0);
  verdict.atLeast('users who gave their password', asked, 5);
  verdict.none('of them refused', refused.length);
  verdict.below('slowest of them', slowest, 5000, ' ms');
  verdict.below('memory', memory, 400, ' MB');
  return verdict.close();
}
