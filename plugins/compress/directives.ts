import { type ArgumentType, argument, type Directive, flag, list, oneOf, size } from '@webserv/server';
import { type Encoding, type EncodingName, encodingNames, encodings, levels } from './encodings.js';

const encoding: ArgumentType<Encoding> = {
  usage: 'ENCODING',
  expected: `one of ${encodingNames.map((name) => `"${name}"`).join(', ')}`,
  json: [{ enum: encodingNames }],
  read: (text) => {
    const name = encodingNames.find((known): known is EncodingName => known === text);
    return name && encodings.get(name);
  },
};

/** `text/html`, or `text/*` for all of them. */
const mediaRange = argument.word(
  'TYPE',
  /^[\w!#$&^.+-]{1,127}\/(?:\*|[\w!#$&^.+-]{1,127})$/,
  'a media type such as text/html, or text/*',
);

/** What is text in fact, and fonts that are not compressed by themselves. */
const TYPES = [
  'text/*',
  'application/javascript',
  'application/json',
  'application/ld+json',
  'application/manifest+json',
  'application/xml',
  'application/xhtml+xml',
  'application/rss+xml',
  'application/atom+xml',
  'application/wasm',
  'application/vnd.ms-fontobject',
  'font/otf',
  'font/ttf',
  'image/svg+xml',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
];

const offered: Directive<readonly Encoding[]> = {
  ...list(encoding, {
    default: [...encodings.values()],
    help: 'sets which encodings are offered, in the order of preference where a client likes several as much; what this Node cannot make (zstd before 22.15) is for compress_static only',
    example: 'compress_encodings br gzip;',
  }),
  // The same in every documentation, whichever Node prints it.
  writtenDefault: encodingNames.join(' '),
};

export const directives = {
  compress: flag({
    default: false,
    help: 'compresses answers for clients that take it',
    example: 'compress on;',
  }),
  compress_encodings: offered,
  compress_types: list(mediaRange, {
    default: TYPES,
    help: 'sets which media types are compressed',
    example: 'compress_types text/* application/json;',
  }),
  compress_min_length: size({
    default: 1024,
    help: 'leaves shorter content as it is, where its length is known',
    example: 'compress_min_length 1k;',
  }),
  compress_level: oneOf(levels, {
    default: 'default',
    help: 'chooses between time and size',
    example: 'compress_level fast;',
  }),
  compress_static: flag({
    default: false,
    help: 'answers with the compressed file beside a file (.br, .zst, .gz) where there is one that is not older',
    example: 'compress_static on;',
  }),
};
