/** Thrown when the client closes the connection before it has received the whole response. */
export class ClientGone extends Error {
  constructor(cause?: unknown) {
    super('the client left', { cause });
    this.name = 'ClientGone';
  }
}
