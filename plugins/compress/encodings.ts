import { Transform } from 'node:stream';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { Coder } from './coder.js';

/** A content coding (RFC 9110 §8.4.1). Precompressed files in it can be sent even if this Node cannot produce it. */
export interface Encoding {
  readonly name: EncodingName;
  /** Suffix of precompressed files. */
  readonly suffix: string;
}

/** A coding that this Node can produce. */
export interface Maker extends Encoding {
  /** Compresses everything in one call, in a thread of libuv's pool. */
  whole(bytes: Uint8Array, level: Level): Promise<Uint8Array>;
  /** Compresses piece by piece. */
  stream(level: Level): Coder;
  /** Maximum memory of a stream's coder in bytes, including the pieces in its input and output. */
  readonly memory: Readonly<Record<Level, number>>;
}

export const encodingNames = ['br', 'zstd', 'gzip'] as const;
export type EncodingName = (typeof encodingNames)[number];

export const levels = ['fast', 'default', 'best'] as const;
export type Level = (typeof levels)[number];

/**
 * Levels for texts of a page's size: gzip 6 and brotli 4 take about the same time; above 9, brotli takes many times as
 * long.
 */
const GZIP: Readonly<Record<Level, number>> = { fast: 1, default: 6, best: 9 };
const BROTLI: Readonly<Record<Level, number>> = { fast: 1, default: 4, best: 9 };
/** A stream's coder lives as long as a slow client reads: brotli 6 holds up to 5 MB, 9 about 40 MB. */
const BROTLI_STREAM: Readonly<Record<Level, number>> = { ...BROTLI, best: 6 };
/** Window of a stream's coder as a power of two: brotli's default of 4 MiB would dominate the coder's memory. */
const BROTLI_STREAM_WINDOW = 19;
const ZSTD: Readonly<Record<Level, number>> = { fast: 1, default: 3, best: 12 };
/** Limited like brotli's: zstd 12 would hold about 50 MB. */
const ZSTD_STREAM: Readonly<Record<Level, number>> = { ...ZSTD, best: 6 };

const KIB = 1024;

const {
  BROTLI_OPERATION_FLUSH,
  BROTLI_PARAM_LGWIN,
  BROTLI_PARAM_QUALITY,
  BROTLI_PARAM_SIZE_HINT,
  Z_SYNC_FLUSH,
} = zlib.constants;

const gzipAsync = promisify(zlib.gzip);
const brotliAsync = promisify<Uint8Array, zlib.BrotliOptions, Buffer>(zlib.brotliCompress);

const gzip: Maker = {
  name: 'gzip',
  suffix: '.gz',
  whole: (bytes, level) => gzipAsync(bytes, { level: GZIP[level] }),
  stream: (level) => {
    const transform = zlib.createGzip({ level: GZIP[level] });
    return new Coder(transform, (done) => transform.flush(Z_SYNC_FLUSH, done));
  },
  memory: { fast: 400 * KIB, default: 400 * KIB, best: 400 * KIB },
};

const brotli: Maker = {
  name: 'br',
  suffix: '.br',
  whole: (bytes, level) =>
    brotliAsync(bytes, {
      params: { [BROTLI_PARAM_QUALITY]: BROTLI[level], [BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  stream: (level) => {
    const transform = zlib.createBrotliCompress({
      params: {
        [BROTLI_PARAM_QUALITY]: BROTLI_STREAM[level],
        [BROTLI_PARAM_LGWIN]: BROTLI_STREAM_WINDOW,
      },
    });
    return new Coder(transform, (done) => transform.flush(BROTLI_OPERATION_FLUSH, done));
  },
  memory: { fast: 1024 * KIB, default: 2304 * KIB, best: 5120 * KIB },
};

/** Available since Node 22.15 and 23.8; the types of Node 20 do not declare it. */
function zstdOf(library: object): Encoding | Maker {
  const found: Encoding = { name: 'zstd', suffix: '.zst' };
  const make: unknown = Reflect.get(library, 'createZstdCompress');
  const constants: unknown = Reflect.get(library, 'constants');
  if (typeof make !== 'function' || typeof constants !== 'object' || constants === null) return found;
  const quality: unknown = Reflect.get(constants, 'ZSTD_c_compressionLevel');
  const flushing: unknown = Reflect.get(constants, 'ZSTD_e_flush');
  const coder = (value: number): Coder => {
    const transform: unknown = Reflect.apply(make, undefined, [{ params: { [String(quality)]: value } }]);
    if (!(transform instanceof Transform)) throw new Error('createZstdCompress() did not return a Transform');
    const flush: unknown = Reflect.get(transform, 'flush');
    return new Coder(transform, (done) => {
      if (typeof flush === 'function') Reflect.apply(flush, transform, [flushing, done]);
    });
  };
  return {
    ...found,
    stream: (level) => coder(ZSTD_STREAM[level]),
    memory: { fast: 2048 * KIB, default: 4096 * KIB, best: 10_240 * KIB },
    whole: (bytes, level) => collected(coder(ZSTD[level]), bytes),
  };
}

async function collected(coder: Coder, bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return Buffer.concat([await coder.write(bytes), await coder.end()]);
  } finally {
    coder.destroy();
  }
}

export function isMaker(encoding: Encoding): encoding is Maker {
  return 'stream' in encoding;
}

/** Encodings by name. */
export const encodings: ReadonlyMap<EncodingName, Encoding> = new Map(
  [brotli, zstdOf(zlib), gzip].map((encoding) => [encoding.name, encoding]),
);
