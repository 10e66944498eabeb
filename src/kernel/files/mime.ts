import other from 'mime/types/other.js';
import standard from 'mime/types/standard.js';

/**
 * The mime package's table, extension → type. A star marks an extension that belongs to another type primarily. The
 * registered types come last, so they win where both lists have an extension.
 */
export const defaultTypes: ReadonlyMap<string, string> = new Map(
  [...Object.entries(other), ...Object.entries(standard)].flatMap(([type, extensions]) =>
    extensions
      .filter((extension) => !extension.startsWith('*'))
      .map((extension) => [extension, type] as const),
  ),
);

/** Text types whose name does not start with `text/`. */
const TEXT_TYPES = new Set([
  'application/javascript',
  'application/json',
  'application/xml',
  'image/svg+xml',
]);

/** RFC 8259 §8.1: JSON is always UTF-8; `charset` does not apply to it. */
const ALWAYS_UTF_8 = 'application/json';

/** How a route maps its files to media types. */
export interface MediaTypes {
  /** Extension in lower case, without dot → type. */
  readonly types: ReadonlyMap<string, string>;
  /** The type for an extension that is not in the table. */
  readonly defaultType: string;
  /** The charset declared for text; `off` declares none. */
  readonly charset: string;
}

/** The value of Content-Type for a file, by its extension. A charset that the type itself has is kept. */
export function contentTypeOf({ types, defaultType, charset }: MediaTypes, fileName: string): string {
  const type = types.get(extensionOf(fileName)) ?? defaultType;
  const isText = type.startsWith('text/') || TEXT_TYPES.has(type);
  if (!isText || type.includes(';') || charset === 'off') return type;
  return type === ALWAYS_UTF_8 && charset.toLowerCase() !== 'utf-8' ? type : `${type}; charset=${charset}`;
}

/** In lower case, without dot; empty for `README` and for `.profile`. */
function extensionOf(fileName: string): string {
  const name = fileName.slice(fileName.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : '';
}
