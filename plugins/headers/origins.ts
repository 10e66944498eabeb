import { type Argument, ArgumentError } from '@webserv/server';

/** Origins (RFC 6454 §6.2) whose pages may read a route's responses. */
export type Origins =
  | { readonly kind: 'none' }
  | { readonly kind: 'any' }
  | {
      readonly kind: 'listed';
      /** As browsers send them: in lower case, without the default port of the scheme. */
      readonly exact: ReadonlySet<string>;
      readonly families: readonly Family[];
    };

/** `https://*.example.org`: every host below that domain, at any depth. */
interface Family {
  /** `https://` */
  readonly start: string;
  /** `.example.org:8443` */
  readonly end: string;
}

export const NO_ORIGINS: Origins = { kind: 'none' };

const ORIGIN =
  /^([a-z][a-z0-9+.-]{0,30}):\/\/(\*\.)?([a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?$/;
const DEFAULT_PORT: Readonly<Record<string, string>> = { http: '80', https: '443' };
const HOST_CHARACTERS = /^[a-z0-9._-]+$/;

function readOrigin(word: Argument): Family & { readonly isFamily: boolean } {
  const fail = (hint: string): never => {
    const message = `expected an origin, such as https://example.org, got "${word.text}"`;
    throw new ArgumentError(message, { argument: word, hint });
  };
  const text = word.text.toLowerCase();
  if (text === 'null')
    fail('"null" is the origin of all sandboxed frames and local files, so it identifies no site');
  if (!text.includes('://')) fail(`did you mean "https://${text}"?`);
  const match = ORIGIN.exec(text);
  if (match === null) {
    return fail(
      'an origin is scheme://host or scheme://host:port, without a path or trailing slash, the host in punycode',
    );
  }
  const [, scheme = '', star, host = '', port] = match;
  const isDefaultPort = port === undefined || port === DEFAULT_PORT[scheme];
  return {
    start: `${scheme}://`,
    end: `${star === undefined ? '' : '.'}${host}${isDefaultPort ? '' : `:${port}`}`,
    isFamily: star !== undefined,
  };
}

/** @throws ArgumentError */
export function readOrigins(words: readonly Argument[]): Origins {
  const alone = words.find(({ text }) => text === '*' || text === 'off');
  if (alone !== undefined) {
    if (words.length === 1) return alone.text === '*' ? { kind: 'any' } : NO_ORIGINS;
    throw new ArgumentError(`"${alone.text}" takes no further arguments`, { argument: alone });
  }
  const origins = words.map(readOrigin);
  return {
    kind: 'listed',
    exact: new Set(origins.filter(({ isFamily }) => !isFamily).map(({ start, end }) => start + end)),
    families: origins.filter(({ isFamily }) => isFamily),
  };
}

/** Whether an origin belongs to a family: the part before its end may contain only characters of host names. */
export function isOfFamily(origin: string, { start, end }: Family): boolean {
  if (origin.length > 300 || !origin.startsWith(start) || !origin.endsWith(end)) return false;
  return HOST_CHARACTERS.test(origin.slice(start.length, -end.length));
}

/**
 * Whether these include the origin that a browser sent. `null`, the origin of every sandboxed frame, belongs to no
 * page.
 */
export function isOneOf(origin: string, origins: Origins): boolean {
  if (origin === 'null' || origins.kind === 'none') return false;
  if (origins.kind === 'any' || origins.exact.has(origin)) return true;
  return origins.families.some((family) => isOfFamily(origin, family));
}
