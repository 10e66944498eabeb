/** A listening socket that this process was started with. */
export interface InheritedSocket {
  readonly descriptor: number;
  /** Name given by the service manager, for messages. */
  readonly name: string;
}
