/**
 * Has `instanceof` know a class of errors in every copy of this package: a plugin in JavaScript may get the copy that is
 * installed beside it, whose classes are not the kernel's. They are told by a mark that every copy makes.
 */
export function recogniseAcrossCopies(kind: abstract new (...args: never[]) => Error): void {
  const mark = Symbol.for(`@webserv/server ${kind.name}`);
  Object.defineProperty(kind.prototype, mark, { value: true });
  Object.defineProperty(kind, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      // A class derived from it inherits this, and means its own.
      if (this !== kind) return Function.prototype[Symbol.hasInstance].call(this, value);
      return value instanceof Error && mark in value;
    },
  });
}
