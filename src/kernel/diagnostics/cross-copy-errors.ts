/**
 * Makes `instanceof` recognise an error class across all copies of this package. A plugin in JavaScript may import the
 * copy installed next to it, whose classes are not the kernel's. A symbol that every copy registers identifies the
 * class.
 */
export function recogniseAcrossCopies(kind: abstract new (...args: never[]) => Error): void {
  const mark = Symbol.for(`@webserv/server ${kind.name}`);
  Object.defineProperty(kind.prototype, mark, { value: true });
  Object.defineProperty(kind, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      // A derived class inherits this method, but must only match its own instances.
      if (this !== kind) return Function.prototype[Symbol.hasInstance].call(this, value);
      return value instanceof Error && mark in value;
    },
  });
}
