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

/** `text/html`, or `text/*` for all subtypes. */
const mediaRange = argument.word(
  'TYPE',
  /^[\w!#$&^.+-]{1,127}\/(?:\*|[\w!#$&^.+-]{1,127})$/,
  'a media type such as text/html, or text/*',
);

/** Text types, and font formats without compression of their own. */
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
    help: 'sets the encodings to offer, in order of preference where the client has none; zstd before Node 22.15 works with compress_static only',
    example: 'compress_encodings br gzip;',
  }),
  // The same in the documentation, no matter which version of Node prints it.
  writtenDefault: encodingNames.join(' '),
};

export const directives = {
  compress: flag({
    default: false,
    help: 'compresses responses for clients that accept it',
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
    help: 'sets the minimum length of responses to compress, where the length is known',
    example: 'compress_min_length 1k;',
  }),
  compress_level: oneOf(levels, {
    default: 'default',
    help: 'trades speed for size',
    example: 'compress_level fast;',
  }),
  compress_static: flag({
    default: false,
    help: 'sends the precompressed file next to a file (.br, .zst, .gz) if it exists and is not older',
    example: 'compress_static on;',
  }),
};
