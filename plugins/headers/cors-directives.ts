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

/** Words for a list in a field; undefined where nothing is said. */
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
  throw new ArgumentError('"*" is no header field', {
    argument: word,
    hint: 'leave cors_headers out: whatever is asked for is allowed then',
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
    help: 'lets pages of these origins, or of any, read the answers',
    example: 'cors https://app.example.org https://*.example.net;',
    parse: (use) => readOrigins(use.arguments),
    combine: (values, outer) => values.at(-1) ?? outer,
  }),
  cors_methods: words('METHOD', readMethod, {
    help: 'says which methods such pages may use; what the route takes when left out',
    example: 'cors_methods GET PUT DELETE;',
  }),
  cors_headers: words('NAME', readRequestField, {
    help: 'says which header fields such pages may send; those they ask for when left out',
    example: 'cors_headers Content-Type X-Token;',
  }),
  cors_expose: words('NAME', readExposedField, {
    help: 'says which header fields of an answer such pages may read, beside the everyday ones',
    example: 'cors_expose ETag Location;',
  }),
  cors_credentials: flag({
    default: false,
    in: ['main', 'server', 'location'],
    help: 'lets such pages send cookies and passwords along',
    example: 'cors_credentials on;',
  }),
  cors_max_age: single<number, undefined>(argument.duration, {
    default: undefined,
    in: ['main', 'server', 'location'],
    help: 'says how long browsers may keep these permissions; a few seconds when left out',
    example: 'cors_max_age 1h;',
  }),
};
