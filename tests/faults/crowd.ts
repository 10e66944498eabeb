import { setTimeout as sleep } from 'node:timers/promises';
import { Client, eventually } from '../hostile/client.js';
import { startCommand } from '../hostile/command.js';
import { type Figure, Verdict } from './verdict.js';

const LIMIT = 64;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const NEWCOMERS = 50;
const AFTERWARDS = 200;

export interface CrowdOptions {
  readonly clients: number;
  /** How long the clients stay after each has got a response or was closed. */
  readonly seconds: number;
}

/**
 * More concurrent clients than a process may have descriptors. The server serves as many as its limit allows, sends the
 * others 503 or closes them, serves new clients while the others stay, and returns to its first state after they have
 * left.
 */
export async function crowd({ clients: count, seconds }: CrowdOptions): Promise<readonly Figure[]> {
  const conf = 'server { listen LISTEN; root www; }';
  const through = ['prlimit', `--nofile=${LIMIT}:${LIMIT}`];
  await using server = await startCommand(conf, { 'www/index.html': 'home' }, through);
  const url = `http://127.0.0.1:${server.port}/`;
  const visits = async (times: number): Promise<number> => {
    let good = 0;
    for (let done = 0; done < times; done += 1) {
      const answer = await fetch(url, { headers: { connection: 'close' } }).catch(() => undefined);
      if (answer?.status === 200 && (await answer.text()) === 'home') good += 1;
    }
    return good;
  };
  await visits(1);
  await sleep(500);
  const processes = (await server.processes()).join();
  const before = await server.descriptors();
  const room = Number(/max_connections 10000 is lowered to (\d+)/.exec(server.log())?.[1]);

  const clients = await Promise.all(Array.from({ length: count }, () => Client.connect(server.port)));
  for (const client of clients) client.send(GET);
  const waiting = (): number => clients.filter(({ end, text }) => end === 'open' && text === '').length;
  await eventually('all answered or closed', () => waiting() === 0).catch(() => {});
  const left = waiting();
  const served = clients.filter(({ text }) => /^HTTP\/1\.1 200 [\s\S]*home$/.test(text)).length;
  const told = clients.filter(({ text }) => /^HTTP\/1\.1 503 [\s\S]*\r\nRetry-After: \d/.test(text)).length;
  const silent = clients.filter(({ end, text }) => end !== 'open' && text === '').length;
  await sleep(seconds * 1000);
  const welcome = await visits(NEWCOMERS);
  const most = await server.descriptors();
  for (const client of clients) client.reset();
  await eventually('descriptors back', async () => (await server.descriptors()) <= before).catch(() => {});
  const after = await server.descriptors();

  const verdict = new Verdict();
  verdict.atLeast('room for connections, of 64 descriptors', room, 5);
  verdict.atLeast('clients answered 200', served, room);
  verdict.tell('503 with Retry-After', told);
  verdict.tell('closed without a response', silent);
  verdict.none('other responses, or incomplete ones', count - served - told - silent - left);
  verdict.none('left waiting', left);
  verdict.expect('newcomers answered 200 while they stay', `${welcome}`, `${NEWCOMERS}`);
  verdict.below('descriptors of a process, maximum', most / processes.split(',').length, LIMIT + 1);
  verdict.none('descriptors left', Math.max(0, after - before));
  verdict.expect('requests answered 200 afterwards', `${await visits(AFTERWARDS)}`, `${AFTERWARDS}`);
  const isSame = (await server.processes()).join() === processes;
  verdict.expect('workers that ended', isSame ? 'none' : 'some', 'none');
  verdict.expect('exit', String(await server.end('SIGTERM')), '0');
  verdict.detail(server.log().slice(-2000));
  return verdict.close();
}
