import { errorCode, HttpError } from '@webserv/server';

/**
 * Maps a failed file operation to the status for the client. Other errors are returned unchanged: the server maps them to
 * 503 or 500.
 */
export function uploadError(error: unknown): unknown {
  const cause = error;
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new HttpError(507, { reason: 'no space left in the upload directory', cause });
    case 'EFBIG':
      return new HttpError(413, { reason: 'the file system does not allow files of that size', cause });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new HttpError(403, { reason: 'the upload directory is not writable', cause });
    case 'EISDIR':
    case 'ENOTEMPTY':
      return new HttpError(409, { reason: 'a directory has that name', cause });
    case 'ENOENT': // removed by another process between two steps
      return new HttpError(409, { reason: 'the directory or the file was removed meanwhile', cause });
    case 'ENAMETOOLONG':
      return new HttpError(400, { reason: 'file name too long', cause });
    default:
      return error;
  }
}
