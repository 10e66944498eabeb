import type { RequestBody } from '@webserv/server';

const NOTHING: Uint8Array = new Uint8Array(0);

/** A request body with a buffer of bytes that were read but not consumed. */
export class FormInput {
  readonly #body: RequestBody;
  #bytes: Buffer;

  /** @param before bytes to read before the body */
  constructor(body: RequestBody, before: Uint8Array = NOTHING) {
    this.#body = body;
    this.#bytes = Buffer.from(before);
  }

  /** Bytes read and not consumed. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Consumes bytes from the start. */
  drop(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
  }

  /**
   * Reads the next piece. Copies the unconsumed bytes, so keep them short.
   * @returns false at the end of the body
   */
  async more(): Promise<boolean> {
    const left = Buffer.from(this.#bytes); // the body may reuse the memory of the previous piece
    const piece = await this.#body.read();
    if (piece === undefined) return false;
    const isView = left.length === 0;
    this.#bytes = isView
      ? Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
      : Buffer.concat([left, piece]);
    return true;
  }
}
