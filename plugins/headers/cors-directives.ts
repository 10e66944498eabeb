import {
  type Argument,
  ArgumentError,
  argument,
  type Directive,
  type DirectiveOptions,
  directive,
  flag,
  single,
} from '@webserv/server';
import { readFieldName } from './field-name.js';
import { NO_ORIGINS, type Origins, readOrigins } from './origins.js';

type Options = Omit<DirectiveOptions<undefined>, 'default'>;

/** A directive of words that become a list in a field; undefined when it is not set. */
function words(
  usage: string,
  read: (word: Argument) => string,
  options: Options,
): Directive<string | undefined> {
  return directive<string | undefined, string>({
    ...options,
    default: undefined,
    in: ['main', 'server', 'location'],
    usage: `${usage}…`,
    arguments: [1, 100],
    parse: (use) => use.arguments.map(read).join(', '),
    combine: (values, outer) => values.at(-1) ?? outer,
  });
}

function readMethod(word: Argument): string {
  if (/^[A-Z][A-Z-]{0,30}$/.test(word.text)) return word.text;
  const hint = { hint: `did you mean "${word.text.toUpperCase()}"?` };
  throw new ArgumentError(`expected a method, got "${word.text}"`, {
    argument: word,
    ...(/^[a-z-]+$/i.test(word.text) ? hint : {}),
  });
}

function readRequestField(word: Argument): string {
  if (word.text !== '*') return readFieldName(word);
  throw new ArgumentError('expected the name of a header field, got "*"', {
    argument: word,
    hint: 'omit cors_headers to allow every requested field',
  });
}

const readExposedField = (word: Argument): string => (word.text === '*' ? '*' : readFieldName(word));

export const corsDirectives = {
  cors: directive<Origins, Origins>({
    default: NO_ORIGINS,
    in: ['main', 'server', 'location'],
    writtenDefault: 'off',
    usage: 'ORIGIN… | * | off',
    arguments: [1, 1000],
    help: 'allows pages of these origins, or of any (*), to read the responses',
    example: 'cors https://app.example.org https://*.example.net;',
    parse: (use) => readOrigins(use.arguments),
    combine: (values, outer) => values.at(-1) ?? outer,
  }),
  cors_methods: words('METHOD', readMethod, {
    help: 'sets the methods that such pages may use (default: those of the route)',
    example: 'cors_methods GET PUT DELETE;',
  }),
  cors_headers: words('NAME', readRequestField, {
    help: 'sets the header fields that such pages may send (default: those they request)',
    example: 'cors_headers Content-Type X-Token;',
  }),
  cors_expose: words('NAME', readExposedField, {
    help: 'sets the response header fields that such pages may read, in addition to the safelisted ones',
    example: 'cors_expose ETag Location;',
  }),
  cors_credentials: flag({
    default: false,
    in: ['main', 'server', 'location'],
    help: 'allows such pages to send cookies and passwords',
    example: 'cors_credentials on;',
  }),
  cors_max_age: single<number, undefined>(argument.duration, {
    default: undefined,
    in: ['main', 'server', 'location'],
    help: 'sets how long browsers may cache these permissions (default: a few seconds)',
    example: 'cors_max_age 1h;',
  }),
};
