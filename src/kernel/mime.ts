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

/**
 * The value of Content-Type for a file, by its extension. Text is said to be UTF-8 unless the type says otherwise.
 * @param types extension in lower case, without dot → type
 */
export function contentTypeOf(
  types: ReadonlyMap<string, string>,
  defaultType: string,
  fileName: string,
): string {
  const type = types.get(extensionOf(fileName)) ?? defaultType;
  const isText = type.startsWith('text/') || TEXT_TYPES.has(type);
  return isText && !type.includes(';') ? `${type}; charset=utf-8` : type;
}

/** In lower case, without dot; empty for `README` and for `.profile`. */
function extensionOf(fileName: string): string {
  const name = fileName.slice(fileName.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : '';
}
