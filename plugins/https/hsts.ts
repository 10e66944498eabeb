import {
  type Argument,
  ArgumentError,
  argument,
  type Directive,
  directive,
  readDuration,
} from '@webserv/server';

/** The value of Strict-Transport-Security (RFC 6797 §6.1) for the responses of a block. */
export interface StrictTransport {
  readonly field: string;
}

const YEAR_SECONDS = 31_536_000;

const EXAMPLE = 'hsts max-age=31536000 include_subdomains;';

/** @throws ArgumentError */
function readMaxAge(word: Argument): number {
  if (word.text === 'on') return YEAR_SECONDS;
  const [, time] = /^max-age=(.*)$/.exec(word.text) ?? [];
  const milliseconds = time === undefined ? undefined : readDuration(time);
  if (milliseconds !== undefined && milliseconds % 1000 === 0) return milliseconds / 1000;
  throw new ArgumentError(`expected "on", "off" or max-age=TIME in whole seconds, got "${word.text}"`, {
    argument: word,
    hint: `write each parameter as a word: ${EXAMPLE}`,
  });
}

/** @throws ArgumentError for an unknown word, and for one that is given twice */
function checkParameters(words: readonly Argument[]): void {
  for (const [index, word] of words.entries()) {
    const { text } = word;
    if (text !== 'include_subdomains' && text !== 'preload') {
      const hint = `write: ${EXAMPLE}`;
      throw new ArgumentError(`expected "include_subdomains" or "preload", got "${text}"`, {
        argument: word,
        hint,
      });
    }
    if (words.findIndex((other) => other.text === text) < index)
      throw new ArgumentError(`"${text}" is given twice`, { argument: word });
  }
}

/** @throws ArgumentError */
function readHsts(words: readonly Argument[]): StrictTransport | undefined {
  const [first, ...parameters] = words;
  if (first === undefined) throw new ArgumentError('expected "on", "off" or max-age=TIME');
  if (first.text === 'off') {
    const [extra] = parameters;
    if (extra !== undefined) throw new ArgumentError('nothing may follow "off"', { argument: extra });
    return undefined;
  }
  const maxAge = readMaxAge(first);
  checkParameters(parameters);
  const subdomains = parameters.some(({ text }) => text === 'include_subdomains');
  const preload = parameters.find(({ text }) => text === 'preload');
  if (preload !== undefined && (!subdomains || maxAge < YEAR_SECONDS)) {
    throw new ArgumentError('"preload" needs "include_subdomains" and a max-age of at least a year', {
      argument: preload,
      hint: `https://hstspreload.org requires both: hsts max-age=${YEAR_SECONDS} include_subdomains preload;`,
    });
  }
  const field = `max-age=${maxAge}${subdomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`;
  return { field };
}

export const hsts: Directive<StrictTransport | undefined> = directive<
  StrictTransport | undefined,
  StrictTransport | undefined
>({
  default: undefined,
  writtenDefault: 'off',
  in: ['main', 'server', 'location'],
  usage: 'on|off|max-age=TIME [include_subdomains] [preload]',
  arguments: [1, 3],
  argumentTypes: [
    argument.word('on|off|max-age=TIME', /^(?:on|off|max-age=[0-9smhdwMy]+)$/, '"on", "off" or max-age=TIME'),
    argument.oneOf(['include_subdomains', 'preload']),
  ],
  help: 'tells browsers to use only HTTPS for this host (HSTS), for a year with on',
  example: EXAMPLE,
  parse: (use) => readHsts(use.arguments),
  combine: (values) => values.at(-1),
});
