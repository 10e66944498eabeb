import { type FileFields, isUnder, type Offers } from '@webserv/server';

/**
 * What browsers show without running anything that is in it. SVG, XHTML and every other form of XML may hold scripts;
 * PDF viewers refuse to start in a sandbox.
 */
const SHOWN =
  /^(?:text\/plain|application\/json|image\/(?:png|apng|jpeg|gif|webp|avif|heic|heif|jxl|bmp|x-icon|vnd\.microsoft\.icon)|(?:audio|video)\/[\w.-]+)$/;

/** No guessing of another type; and if it is shown as a page all the same, then as one of no site, without scripts. */
const ALWAYS = { 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' } as const;

const DOWNLOAD: FileFields = Object.freeze({
  contentType: 'application/octet-stream',
  fields: { ...ALWAYS, 'content-disposition': 'attachment' },
});

/**
 * How a file is sent that a stranger may have uploaded: a browser must not run it as a page of this site.
 * @param contentType by the file's name
 */
export function safeFields(contentType: string): FileFields {
  const [essence = ''] = contentType.split(';');
  return SHOWN.test(essence.trim().toLowerCase()) ? { contentType, fields: ALWAYS } : DOWNLOAD;
}

/** The same for every file that lies in one of these directories. */
export function fileFieldsIn(directories: readonly string[]): Offers['fileFields'] {
  return (path, contentType) =>
    directories.some((directory) => isUnder(path, directory)) ? safeFields(contentType) : undefined;
}
