import { styleText } from 'node:util';
import type { Exchange, Outcome, Peer } from '@webserv/server';
import { jsonText, lineText, MAX_FIELD } from './text.js';
import { clockTime, isoSecond, oncePerSecond, timeLocal } from './times.js';

/**
 * Formats one request's line, line break included. Called for every request, so it creates no Date and uses no regular
 * expression.
 */
export type Line = (exchange: Exchange, outcome: Outcome, now: number) => string;

/** Writes `unix:` for a UNIX socket, which has no address, as nginx does. */
const address = (exchange: Exchange): string => exchange.request.peer.remoteAddress || 'unix:';

/** The user may have been authenticated after a forward, so the final exchange is asked. */
const userOf = (exchange: Exchange): string | undefined => exchange.final.variable('remote_user');

function orDash(text: string | undefined): string {
  return text === undefined || text === '' ? '-' : lineText(text);
}

/** First line of a rejected request; it is already escaped. */
function requestLine(head: string): string {
  const [line = ''] = head.split('\\x0D\\x0A', 1);
  return line.length > MAX_FIELD ? `${line.slice(0, MAX_FIELD)}...` : line;
}

/** The exact `combined` format of Apache and nginx. */
export function combined(): Line {
  const time = oncePerSecond(timeLocal);
  return (exchange, { status, bytesSent }, now) => {
    const { refused } = exchange;
    if (refused !== undefined) {
      // As in nginx: the request line as received, empty if none was.
      return `${address(exchange)} - - [${time(now)}] "${requestLine(refused.head)}" ${status} ${bytesSent} "-" "-"\n`;
    }
    const { method, target, version, headers } = exchange.request;
    const client = `${address(exchange)} - ${orDash(userOf(exchange))}`;
    const request = `${lineText(method)} ${lineText(target)} HTTP/${version}`;
    const from = `"${orDash(headers.get('referer'))}" "${orDash(headers.get('user-agent'))}"`;
    return `${client} [${time(now)}] "${request}" ${status} ${bytesSent} ${from}\n`;
  };
}

function orNull(text: string | undefined): string {
  return text === undefined ? 'null' : jsonText(text);
}

/** The fields of an encrypted connection; none without TLS. */
function tlsFields({ tls }: Peer): string {
  if (tls === undefined) return '';
  const { protocol, cipher, alpn } = tls;
  const agreed = alpn === '' ? 'null' : jsonText(alpn);
  return `,"tls_protocol":${jsonText(protocol)},"tls_cipher":${jsonText(cipher)},"tls_alpn":${agreed}`;
}

/** A JSON object per line; fields that the client did not send are null. */
export function json(): Line {
  const time = oncePerSecond(isoSecond);
  const routeText = lastOf(jsonText);
  return (exchange, { status, bytesSent, durationMs, complete }, now) => {
    const { method, target, version, headers, host, peer } = exchange.request;
    const { refused } = exchange;
    const refusal =
      refused === undefined
        ? ''
        : `,"refused":${jsonText(refused.reason)},"request_line":${jsonText(requestLine(refused.head))}`;
    return (
      `{"time":"${time(now)}.${threeDigits(now % 1000)}Z","remote_addr":"${address(exchange)}"` +
      `,"remote_user":${orNull(userOf(exchange))}` +
      `,"method":${jsonText(method)},"target":${jsonText(target)},"protocol":"HTTP/${version}"` +
      `,"status":${status},"bytes":${bytesSent},"duration_ms":${thousandths(durationMs)}` +
      `,"host":${jsonText(host)},"referer":${orNull(headers.get('referer'))}` +
      `,"user_agent":${orNull(headers.get('user-agent'))}` +
      `,"route":${routeText(exchange.route.name)},"complete":${complete}${tlsFields(peer)}${refusal}}\n`
    );
  };
}

/** Caches the last result: most requests go to the same route as the one before. */
function lastOf(make: (text: string) => string): (text: string) => string {
  let asked = '';
  let made = make(asked);
  return (text) => {
    if (text !== asked) {
      asked = text;
      made = make(text);
    }
    return made;
  };
}

const THREE_DIGITS = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));
const threeDigits = (number: number): string => THREE_DIGITS[number] ?? '000';

/** Uses integers: finding the shortest text of a fraction would cost as much as the rest of the line. */
function thousandths(milliseconds: number): string {
  const micro = Math.round(milliseconds * 1000);
  const whole = Math.floor(micro / 1000);
  return `${whole}.${threeDigits(micro - whole * 1000)}`;
}

/** By the first digit of the status. */
const COLOURS = [undefined, undefined, 'green', 'cyan', 'yellow', 'red'] as const;

function inColour(status: number): string {
  const colour = COLOURS[Math.floor(status / 100)];
  return colour === undefined ? String(status) : styleText(colour, String(status), { validateStream: false });
}

/** For a terminal: parts of variable length come last. */
export function pretty(colour: boolean): Line {
  const time = oncePerSecond(clockTime);
  return (exchange, { status, bytesSent, durationMs, complete }, now) => {
    const { method, target } = exchange.request;
    const code = colour ? inColour(status) : status;
    const size = `${bytesSent} B`.padStart(12);
    const took = `${durationMs.toFixed(1)} ms`.padStart(11);
    const what = exchange.refused === undefined ? lineText(target) : requestLine(exchange.refused.head);
    const where = `${address(exchange).padEnd(15)}  ${what}`;
    const end = complete ? '' : '  (cut off)';
    return `${time(now)}  ${code}  ${lineText(method).padEnd(7)}${size}${took}  ${where}${end}\n`;
  };
}
