/** A listening socket that was handed over at the start. */
export interface InheritedSocket {
  readonly descriptor: number;
  /** As the service manager calls it, for messages. */
  readonly name: string;
}
