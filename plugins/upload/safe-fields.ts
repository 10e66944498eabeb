import { type FileFields, isUnder, type Offers } from '@webserv/server';

/**
 * Types that browsers display without running scripts in them. SVG, XHTML and every other form of XML may contain
 * scripts; PDF viewers refuse to start in a sandbox.
 */
const SHOWN =
  /^(?:text\/plain|application\/json|image\/(?:png|apng|jpeg|gif|webp|avif|heic|heif|jxl|bmp|x-icon|vnd\.microsoft\.icon)|(?:audio|video)\/[\w.-]+)$/;

/**
 * Prevents type sniffing and, if the file is displayed as a page after all, gives it an opaque origin without scripts.
 */
const ALWAYS = { 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' } as const;

const DOWNLOAD: FileFields = Object.freeze({
  contentType: 'application/octet-stream',
  fields: { ...ALWAYS, 'content-disposition': 'attachment' },
});

/**
 * Returns the fields for a file that an untrusted client may have uploaded: a browser must not run it as a page of this
 * site.
 * @param contentType by the file's name
 */
export function safeFields(contentType: string): FileFields {
  const [essence = ''] = contentType.split(';');
  return SHOWN.test(essence.trim().toLowerCase()) ? { contentType, fields: ALWAYS } : DOWNLOAD;
}

/** Returns `safeFields` for every file in one of these directories. */
export function fileFieldsIn(directories: readonly string[]): Offers['fileFields'] {
  return (path, contentType) =>
    directories.some((directory) => isUnder(path, directory)) ? safeFields(contentType) : undefined;
}
