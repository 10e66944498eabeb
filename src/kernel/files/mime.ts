import other from 'mime/types/other.js';
import standard from 'mime/types/standard.js';

/**
 * The mime package's table, extension → type. A star marks an extension that is another type's in the first place.
 * Its registered types come last: where both lists know an extension, they win.
 */
export const defaultTypes: ReadonlyMap<string, string> = new Map(
  [...Object.entries(other), ...Object.entries(standard)].flatMap(([type, extensions]) =>
    extensions
      .filter((extension) => !extension.startsWith('*'))
      .map((extension) => [extension, type] as const),
  ),
);

/** What is text though its type does not start with `text/`. */
const TEXT_TYPES = new Set([
  'application/javascript',
  'application/json',
  'application/xml',
  'image/svg+xml',
]);

/** RFC 8259 §8.1: JSON is UTF-8, whatever the text files beside it are. */
const ALWAYS_UTF_8 = 'application/json';

/** What the media types of a route's files are made of. */
export interface MediaTypes {
  /** Extension in lower case, without dot → type. */
  readonly types: ReadonlyMap<string, string>;
  /** For an extension that is not in the table. */
  readonly defaultType: string;
  /** The encoding that text is said to be in; `off` says nothing. */
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
